import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isObject } from "@/api/problems";
import { useRoute } from "@/routing";
import { ME } from "@/session";
import { auth } from "@/session/auth";
import { Frame } from "@/shell/Frame";
import { Button, ButtonLink } from "@/ui/Button";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./account.module.css";
import { useSubmit } from "./useSubmit";

/** The e-mail's link leads here. It asks before it confirms: mail scanners open links, too. */
export function VerifyEmail() {
  const { account } = useWords();
  const { query, ready } = useRoute();
  const queries = useQueryClient();
  const [done, setDone] = useState(false);
  const key = query.get("key") ?? "";
  const link = useQuery({
    queryKey: ["verify", key],
    queryFn: () => auth.lookAtVerify(key),
    enabled: ready && key !== "",
    staleTime: Infinity,
  });
  const { onSubmit, problem, busy } = useSubmit(
    () => auth.verify(key),
    () => {
      setDone(true);
      void queries.invalidateQueries({ queryKey: ME });
    },
  );
  const onward = (
    <div className={styles.ways}>
      <ButtonLink look="primary" href="/">
        {account.verify.go}
      </ButtonLink>
    </div>
  );
  if (done)
    return (
      <Frame title={account.verify.doneTitle} explain={account.verify.done}>
        {onward}
      </Frame>
    );
  const dead = (ready && key === "") || (link.data && !link.data.ok && link.data.status === 400);
  if (dead)
    return (
      <Frame title={account.verify.deadTitle} explain={account.verify.dead}>
        {onward}
      </Frame>
    );
  if (!link.data) return <Frame title={account.verify.title} explain={account.verify.looking} />;
  const email = isObject(link.data.ok && link.data.data) ? (link.data as { data: { email?: string } }).data.email : "";
  return (
    <Frame title={account.verify.title} explain={email && account.verify.explain(email)}>
      <form className={styles.form} onSubmit={onSubmit}>
        <ProblemNote problem={problem} />
        <Button
          look="primary"
          type="submit"
          className={styles.wide ?? ""}
          autoFocus
          busy={busy && account.verify.confirming}
        >
          {account.verify.confirm}
        </Button>
      </form>
    </Frame>
  );
}
