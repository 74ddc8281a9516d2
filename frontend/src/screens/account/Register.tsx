import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { go, Link, useRoute } from "@/routing";
import { ME, useSession } from "@/session";
import { auth } from "@/session/auth";
import { Frame } from "@/shell/Frame";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./account.module.css";
import { nextAddress, useIsOpen } from "./entry";
import { PasswordField } from "./PasswordField";
import { useSubmit } from "./useSubmit";

export function Register() {
  const words = useWords();
  const { query } = useRoute();
  const session = useSession();
  const queries = useQueryClient();
  const open = useIsOpen();
  const [wanted, setWanted] = useState({ name: "", email: "", password: "" });
  const invitation = query.get("invitation") ?? "";
  const next = invitation ? `/invitations/accept/?token=${encodeURIComponent(invitation)}` : nextAddress(query);
  useEffect(() => {
    if (session.state === "signedIn") go(next);
  }, [session.state, next]);
  const { onSubmit, problem, busy, faults } = useSubmit(
    () => auth.signUp({ ...wanted, ...(invitation ? { invitation } : {}) }),
    () => void queries.invalidateQueries({ queryKey: ME }),
  );
  const set = (key: keyof typeof wanted) => (event: { target: { value: string } }) =>
    setWanted({ ...wanted, [key]: event.target.value });
  if (open === false && !invitation)
    return <Frame title={words.account.registerTitle} explain={words.account.closed} />;
  return (
    <Frame
      title={words.account.registerTitle}
      explain={invitation ? words.account.invitedExplain : words.account.registerExplain}
    >
      <form className={styles.form} onSubmit={onSubmit}>
        <Field
          label={words.account.name}
          optional
          autoComplete="name"
          autoFocus
          value={wanted.name}
          errors={faults.name}
          onChange={set("name")}
        />
        <Field
          label={words.account.email}
          type="email"
          autoComplete="username"
          required
          value={wanted.email}
          errors={faults.email ?? faults.invitation}
          onChange={set("email")}
        />
        <PasswordField
          label={words.account.password}
          autoComplete="new-password"
          help={words.account.passwordHelp}
          value={wanted.password}
          errors={faults.password}
          onChange={set("password")}
        />
        <ProblemNote problem={problem} />
        <Button look="primary" type="submit" className={styles.wide ?? ""} busy={busy && words.account.registering}>
          {words.account.register}
        </Button>
      </form>
      <p className={`t3 s ${styles.after}`}>
        {words.account.haveAccount}{" "}
        <Link className="link" href={`/sign-in/?next=${encodeURIComponent(next)}`}>
          {words.account.signIn}
        </Link>
      </p>
    </Frame>
  );
}
