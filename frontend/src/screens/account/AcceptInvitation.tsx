import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { Problem } from "@/api/problems";
import { go, useRoute } from "@/routing";
import { ME, useSession, useSignOut } from "@/session";
import { remember } from "@/session/memory";
import { Frame } from "@/shell/Frame";
import { Button, ButtonLink } from "@/ui/Button";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./account.module.css";

export function AcceptInvitation() {
  const { account } = useWords();
  const { query, ready } = useRoute();
  const session = useSession();
  const token = query.get("token") ?? "";
  if (!ready || session.state === "unknown") return null;
  if (!token) return <Frame title={account.invitation.deadTitle} explain={account.invitation.missing} />;
  if (session.state === "signedIn") return <Join token={token} email={session.me.email} />;
  const here = `/invitations/accept/?token=${encodeURIComponent(token)}`;
  return (
    <Frame title={account.invitation.title} explain={account.invitation.explain}>
      <div className={styles.ways}>
        <ButtonLink look="primary" href={`/register/?invitation=${encodeURIComponent(token)}`}>
          {account.invitation.register}
        </ButtonLink>
        <ButtonLink href={`/sign-in/?next=${encodeURIComponent(here)}`}>{account.invitation.signIn}</ButtonLink>
      </div>
    </Frame>
  );
}

function Join({ token, email }: { token: string; email: string }) {
  const { account } = useWords();
  const queries = useQueryClient();
  const signOut = useSignOut();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const join = async () => {
    setBusy(true);
    const answer = await ask(api.POST("/api/v1/invitations/accept", { body: { token } }));
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    remember("team", String(answer.data.id));
    await queries.invalidateQueries({ queryKey: ME });
    go("/");
  };
  return (
    <Frame title={account.invitation.title} explain={account.invitation.as(email)}>
      <div className={styles.ways}>
        <ProblemNote problem={problem} />
        <Button look="primary" busy={busy && account.invitation.accepting} onClick={() => void join()}>
          {account.invitation.accept}
        </Button>
        <Button look="quiet" onClick={() => void signOut().then(setProblem)}>
          {account.invitation.other}
        </Button>
      </div>
    </Frame>
  );
}
