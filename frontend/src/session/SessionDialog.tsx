import { type SubmitEvent, useState } from "react";
import type { Problem } from "@/api/problems";
import { leaveTo, reload } from "@/routing";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import { auth } from "./auth";

type Props = { id: number; email: string; sends: boolean; onSignedIn: () => void };

export default function SessionDialog({ id, email, sends, onSignedIn }: Props) {
  const words = useWords();
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const answer = await auth.signIn(email, password);
    // 409: another tab signed in meanwhile, perhaps somebody else. What waits here is not theirs to send.
    const other = answer.status === 409 && (await auth.whoIsIn())?.id !== id;
    setBusy(false);
    if (other) reload();
    else if (answer.ok || answer.status === 409) onSignedIn();
    else setProblem(answer.problem);
  };
  const errors = problem?.kind === "invalid" ? problem.fields.password : undefined;
  return (
    <Dialog
      open
      stays
      onClose={() => undefined}
      title={words.session.title}
      explain={sends ? words.session.explain : words.session.explainRead}
    >
      <form onSubmit={(event) => void submit(event)} className="stack">
        <Field
          label={words.session.passwordOf(email)}
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={password}
          errors={errors}
          onChange={(event) => setPassword(event.target.value)}
        />
        <ProblemNote problem={problem} />
        <div className="row-x wraps">
          <Button look="primary" type="submit" busy={busy && words.account.signingIn}>
            {words.session.signIn}
          </Button>
          <Button look="quiet" onClick={() => leaveTo("/sign-in/")}>
            {words.session.leave}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
