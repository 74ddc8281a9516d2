/** Until the e-mail address is confirmed nothing is sent to it: said over every screen, with the way on. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, read } from "@/api/client";
import type { Problem } from "@/api/problems";
import { ME, readMe, useSession } from "@/session";
import { auth } from "@/session/auth";
import { Button } from "@/ui/Button";
import { tellProblem } from "@/ui/Notices";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import styles from "./Screen.module.css";

const ASK_AGAIN_MS = 60_000;

export function ConfirmEmail() {
  const session = useSession();
  if (session.state !== "signedIn" || session.me.email_verified) return null;
  return <Bar email={session.me.email} />;
}

function Bar({ email }: { email: string }) {
  const words = useWords();
  const said = words.account.unconfirmed;
  const [state, setState] = useState<"" | "busy" | "sent" | Problem>("");
  const server = useQuery({ queryKey: ["server"], queryFn: () => read(api.GET("/api/v1/server")), staleTime: 60_000 });
  // It may be confirmed in another tab.
  useQuery({ queryKey: ME, queryFn: readMe, refetchInterval: ASK_AGAIN_MS });
  const send = async () => {
    setState("busy");
    const answer = await auth.sendVerification(email);
    setState(answer.ok ? "sent" : answer.problem);
  };
  const noMail = server.data?.email_works === false;
  return (
    <div className={styles.bar} role="status">
      <StateIcon status="degraded" />
      <span className={styles.told}>
        {said.title(email)} {noMail && said.noMail}{" "}
        {typeof state === "object" && <span className="down">{tellProblem(state, words)}</span>}
      </span>
      <Button
        look="quiet"
        size="small"
        icon={state === "sent" ? "tick" : "mail"}
        busy={state === "busy" && said.sending}
        onClick={() => void send()}
      >
        {state === "sent" ? said.sent : said.again}
      </Button>
    </div>
  );
}
