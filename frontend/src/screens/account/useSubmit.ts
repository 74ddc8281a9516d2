import { type SubmitEvent, useState } from "react";
import type { Problem } from "@/api/problems";
import type { Auth } from "@/session/auth";

/** A form that sends one thing: whether it is on its way, and what was wrong with it. */
export function useSubmit(send: () => Promise<Auth>, onDone: (answer: Auth) => void) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const answer = await send();
    setBusy(false);
    if (answer.ok) onDone(answer);
    else setProblem(answer.problem);
  };
  const faults: Record<string, string[] | undefined> = problem?.kind === "invalid" ? problem.fields : {};
  return { onSubmit: (event: SubmitEvent) => void submit(event), problem, busy, faults };
}
