import { useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { api, ask, type Schema } from "@/api/client";
import type { Problem } from "@/api/problems";
import { useSignedIn } from "@/session";
import { useMonitors } from "@/shell/monitors";
import { Button } from "@/ui/Button";
import { Input } from "@/ui/Field";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import { FirstResult } from "./FirstResult";
import styles from "./FirstSteps.module.css";
import { NextSteps } from "./NextSteps";
import { readTarget, type Target } from "./target";

const TEST_AFTER_MS = 500;

/** One field. What is pasted is checked at once; "Watch it" keeps it. */
export function FirstSteps() {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const said = words.overview.firstSteps;
  const first = useFirstMonitor();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void first.save();
  };
  if (!mayEdit) return <p className={styles.column}>{words.problem.forbidden}</p>;
  return (
    <div className={styles.column}>
      <h2 className={styles.title}>{said.title}</h2>
      <p className="t2">{said.explain}</p>
      <form className={styles.ask} onSubmit={submit}>
        <Input
          ref={input}
          mono
          className={styles.address}
          aria-label={said.label}
          placeholder={said.placeholder}
          autoComplete="url"
          inputMode="url"
          spellCheck={false}
          value={first.text}
          onChange={(event) => first.setText(event.target.value)}
        />
        <Button type="submit" look="primary" size="large" busy={first.saving && said.saving}>
          {said.watch}
        </Button>
      </form>
      <div className={styles.result} aria-live="polite">
        <ProblemNote problem={first.problem} />
        {first.wrong && <p className="down">{said.notAnAddress}</p>}
        {first.testing && <p className="t3">{said.checking}</p>}
        {first.result && !first.testing && <FirstResult result={first.result} />}
      </div>
      <NextSteps />
    </div>
  );
}

/** The test as it is typed, and the monitor as it is kept. */
function useFirstMonitor() {
  const monitors = useMonitors();
  const queries = useQueryClient();
  const { team } = useSignedIn();
  const [text, setText] = useState("");
  const [result, setResult] = useState<Schema["Result"] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [testing, setTesting] = useState(false);
  const [saving, setSaving] = useState(false);
  const [wrong, setWrong] = useState(false);
  const tested = useRef("");

  const target = readTarget(text);
  const wanted = target ? JSON.stringify(target) : "";
  useEffect(() => {
    if (!wanted || wanted === tested.current) return;
    const timer = setTimeout(() => {
      tested.current = wanted;
      void test(JSON.parse(wanted) as Target);
    }, TEST_AFTER_MS);
    const test = async (asked: Target) => {
      setTesting(true);
      const body = { ...asked, team: team.id } as Schema["MonitorRequest"];
      const answer = await ask(api.POST("/api/v1/monitors/test", { body }));
      if (tested.current !== JSON.stringify(asked)) return;
      setTesting(false);
      setProblem(answer.ok ? null : answer.problem);
      setResult(answer.ok ? answer.data : null);
    };
    return () => clearTimeout(timer);
  }, [wanted, team.id]);

  const save = async () => {
    setWrong(!target);
    if (!target) return;
    setSaving(true);
    const body = { ...target, team: team.id } as Schema["MonitorRequest"];
    const answer = await ask(api.POST("/api/v1/monitors/", { body }));
    setSaving(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    await queries.invalidateQueries({ queryKey: ["graphs"] });
    void queries.invalidateQueries({ queryKey: ["channels"] });
    void queries.invalidateQueries({ queryKey: ["alert-rules"] });
    monitors.refresh();
  };
  const type = (next: string) => {
    setText(next);
    setWrong(false);
  };
  return { text, setText: type, result, problem, testing, saving, wrong, save };
}
