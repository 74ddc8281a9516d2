import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, read, type Schema } from "@/api/client";
import { useSignedIn } from "@/session";
import { Button, ButtonLink } from "@/ui/Button";
import { tellProblem } from "@/ui/Notices";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import styles from "./FirstSteps.module.css";

/** What is done by itself, and what may come next. */
export function NextSteps() {
  const words = useWords();
  const said = words.overview.firstSteps;
  return (
    <section className={styles.next}>
      <h2>{said.next}</h2>
      <ul>
        <Step done title={said.every(words.time.s(60))} text={said.believed(2, words.time.s(10))}>
          <ButtonLink href="/monitors/new/" look="quiet" size="small">
            {said.change}
          </ButtonLink>
        </Step>
        <Told />
        <Step title={said.heartbeat} text={said.heartbeatHelp}>
          <ButtonLink href="/monitors/new/?kind=heartbeat" look="quiet" size="small">
            {said.addHeartbeat}
          </ButtonLink>
        </Step>
      </ul>
    </section>
  );
}

/** Where messages go, and one to try it. */
function Told() {
  const words = useWords();
  const said = words.overview.firstSteps;
  const { team, me } = useSignedIn();
  const channels = useQuery({
    queryKey: ["channels", team.id],
    queryFn: () => read(api.GET("/api/v1/channels/", { params: { query: { team: team.id } } })),
  });
  const server = useQuery({ queryKey: ["server"], queryFn: () => read(api.GET("/api/v1/server")), staleTime: 60_000 });
  if (channels.isPending || server.isPending) return null;
  const way = wayToMe(channels.data?.results, { team, me, mails: server.data?.email_works !== false });
  if (way.how === "channel")
    return (
      <Step done title={said.toldBy(way.channel.name)} text={said.toldWhen}>
        <TestMessage channel={way.channel} />
      </Step>
    );
  if (way.how === "none" || way.how === "unsent")
    return (
      <Step title={said.notTold} text={way.how === "none" ? said.notToldWhy : said.noMail}>
        <ButtonLink href="/alerts/" look="quiet" size="small">
          {said.addChannel}
        </ButtonLink>
      </Step>
    );
  if (way.how === "unconfirmed") return <Step title={said.toldOnceConfirmed(me.email)} text={said.toldWhen} />;
  return <Step done title={said.told(me.email)} text={said.toldWhen} />;
}

type Channel = Schema["Channel"];
type Around = { team: { role: string }; me: { email_verified: boolean }; mails: boolean };
type Way = { how: "none" | "unsent" | "unconfirmed" | "owner" } | { how: "channel"; channel: Channel };

/** How a message would reach me. The channel to its owners comes with a team's first monitor. */
export function wayToMe(channels: readonly Channel[] | undefined, { team, me, mails }: Around): Way {
  const enabled = channels?.filter((one) => one.enabled) ?? [];
  const other = enabled.find((one) => one.kind !== "email");
  if (other) return { how: "channel", channel: other };
  const byMail = enabled[0];
  const toMe = byMail ? byMail.to_owners : channels?.length === 0 && team.role === "owner";
  if (!byMail && !toMe) return { how: "none" };
  if (!mails) return { how: "unsent" };
  if (toMe && !me.email_verified) return { how: "unconfirmed" };
  return byMail ? { how: "channel", channel: byMail } : { how: "owner" };
}

function TestMessage({ channel }: { channel: Schema["Channel"] }) {
  const words = useWords();
  const said = words.overview.firstSteps;
  const [state, setState] = useState<"" | "busy" | "sent" | { failed: string }>("");
  const send = async () => {
    setState("busy");
    const answer = await ask(api.POST("/api/v1/channels/{id}/test", { params: { path: { id: channel.id } } }));
    if (!answer.ok) {
      setState({ failed: tellProblem(answer.problem, words) });
      return;
    }
    setState(answer.data.outcome === "sent" ? "sent" : { failed: words.fromServer(answer.data.answer) });
  };
  return (
    <>
      {typeof state === "object" && (
        <span className="down s" role="alert">
          {said.testFailed(state.failed)}
        </span>
      )}
      <Button
        look="quiet"
        size="small"
        icon={state === "sent" ? "tick" : "send"}
        busy={state === "busy" && said.testing}
        onClick={() => void send()}
      >
        {state === "sent" ? said.tested : said.test}
      </Button>
    </>
  );
}

type StepProps = { done?: boolean; title: string; text: string; children?: React.ReactNode };

function Step({ done = false, title, text, children }: StepProps) {
  return (
    <li className={styles.step}>
      <StateIcon status={done ? "up" : "pending"} />
      <span className={styles.two}>
        <span className="b">{title}</span>
        <span className="t3 s">{text}</span>
      </span>
      <span className={styles.end}>{children}</span>
    </li>
  );
}
