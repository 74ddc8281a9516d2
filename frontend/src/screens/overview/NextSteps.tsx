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
  const channel = channels.data?.results.find((one) => one.enabled);
  if (channels.isPending) return null;
  // The channel to its owners comes with a team's first monitor.
  if (channels.data?.results.length === 0 && team.role === "owner")
    return <Step done={me.email_verified} title={said.told(me.email)} text={said.toldWhen} />;
  if (!channel)
    return (
      <Step title={said.notTold} text={said.notToldWhy}>
        <ButtonLink href="/alerts/" look="quiet" size="small">
          {said.addChannel}
        </ButtonLink>
      </Step>
    );
  return (
    <Step done title={said.told(channel.name)} text={said.toldWhen}>
      <TestMessage channel={channel} />
    </Step>
  );
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
    setState(answer.data.outcome === "sent" ? "sent" : { failed: answer.data.answer });
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
