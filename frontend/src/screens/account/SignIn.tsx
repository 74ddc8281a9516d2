import { useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useEffect, useState } from "react";
import type { Problem } from "@/api/problems";
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

export function SignIn() {
  const words = useWords();
  const { query } = useRoute();
  const session = useSession();
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const next = nextAddress(query);

  useEffect(() => {
    if (session.state === "signedIn") go(next);
  }, [session.state, next]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const answer = await auth.signIn(email, password);
    // 409: somebody is signed in already, by another tab.
    const other = answer.status === 409 ? await auth.whoIsIn() : null;
    if (other && other.email.toLowerCase() !== email.trim().toLowerCase())
      setProblem({
        kind: "invalid",
        fields: { email: [words.account.otherIsIn(other.email)] },
        all: [],
        requestId: "",
      });
    else if (answer.ok || answer.status === 409) await queries.invalidateQueries({ queryKey: ME });
    else setProblem(answer.problem);
    setBusy(false);
  };
  const faults = problem?.kind === "invalid" ? problem.fields : {};
  return (
    <Frame title={words.account.signIn} explain={words.account.at(location.host)}>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        <Field
          label={words.account.email}
          type="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          errors={faults.email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <PasswordField
          label={words.account.password}
          aside={
            <Link className="link s" href="/reset-password/">
              {words.account.forgotten}
            </Link>
          }
          autoComplete="current-password"
          value={password}
          errors={faults.password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <ProblemNote problem={problem} />
        <Button look="primary" type="submit" className={styles.wide} busy={busy && words.account.signingIn}>
          {words.account.signIn}
        </Button>
      </form>
      <NoAccount query={query} />
    </Frame>
  );
}

function NoAccount({ query }: { query: URLSearchParams }) {
  const words = useWords();
  const open = useIsOpen();
  if (open === undefined) return null;
  if (!open) return <p className={`t3 s ${styles.after}`}>{words.account.inviteOnly}</p>;
  return (
    <p className={`t3 s ${styles.after}`}>
      {words.account.noAccount}{" "}
      <Link className="link" href={`/register/${query.size ? `?${query.toString()}` : ""}`}>
        {words.account.register}
      </Link>
    </p>
  );
}
