import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { isObject } from "@/api/problems";
import { Link, useRoute } from "@/routing";
import { auth } from "@/session/auth";
import { Frame } from "@/shell/Frame";
import { Button, ButtonLink } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./account.module.css";
import { PasswordField } from "./PasswordField";
import { useSubmit } from "./useSubmit";

/** Asks for the address; with the e-mail's `uid` and `token`, for the new password. */
export function ResetPassword() {
  const { query, ready } = useRoute();
  const uid = query.get("uid");
  const token = query.get("token");
  if (!ready) return null;
  return uid && token ? <ChoosePassword resetKey={`${uid}-${token}`} /> : <AskForLink />;
}

function AskForLink() {
  const { account } = useWords();
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const { onSubmit, problem, busy, faults } = useSubmit(
    () => auth.requestReset(email),
    () => setSent(true),
  );
  if (sent)
    return (
      <Frame title={account.reset.sentTitle} explain={account.reset.sent(email)}>
        <BackToSignIn />
      </Frame>
    );
  return (
    <Frame title={account.reset.title} explain={account.reset.explain}>
      <form className={styles.form} onSubmit={onSubmit}>
        <Field
          label={account.email}
          type="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          errors={faults.email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <ProblemNote problem={problem} />
        <Button look="primary" type="submit" className={styles.wide ?? ""} busy={busy && account.reset.sending}>
          {account.reset.send}
        </Button>
      </form>
      <BackToSignIn />
    </Frame>
  );
}

function ChoosePassword({ resetKey }: { resetKey: string }) {
  const { account } = useWords();
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const link = useQuery({
    queryKey: ["reset", resetKey],
    queryFn: () => auth.lookAtReset(resetKey),
    staleTime: Infinity,
  });
  const { onSubmit, problem, busy, faults } = useSubmit(
    () => auth.reset(resetKey, password),
    () => setDone(true),
  );
  if (done)
    return (
      <Frame title={account.reset.doneTitle} explain={account.reset.done}>
        <div className={styles.ways}>
          <ButtonLink look="primary" href="/sign-in/">
            {account.signIn}
          </ButtonLink>
        </div>
      </Frame>
    );
  const dead = (link.data && !link.data.ok && link.data.status === 400) || faults.key;
  if (dead)
    return (
      <Frame title={account.reset.deadTitle} explain={account.reset.dead}>
        <div className={styles.ways}>
          <ButtonLink look="primary" href="/reset-password/">
            {account.reset.again}
          </ButtonLink>
        </div>
      </Frame>
    );
  const user = link.data?.ok && isObject(link.data.data) ? link.data.data.user : undefined;
  const email = isObject(user) && typeof user.email === "string" ? user.email : "";
  return (
    <Frame title={account.reset.chooseTitle} explain={email && account.reset.chooseFor(email)}>
      <form className={styles.form} onSubmit={onSubmit}>
        <PasswordField
          label={account.newPassword}
          autoComplete="new-password"
          autoFocus
          help={account.passwordHelp}
          value={password}
          errors={faults.password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <ProblemNote problem={problem} />
        <Button look="primary" type="submit" className={styles.wide ?? ""} busy={busy && account.reset.saving}>
          {account.reset.save}
        </Button>
      </form>
    </Frame>
  );
}

function BackToSignIn() {
  const { account } = useWords();
  return (
    <p className={`s ${styles.after}`}>
      <Link className="link" href="/sign-in/">
        {account.reset.back}
      </Link>
    </p>
  );
}
