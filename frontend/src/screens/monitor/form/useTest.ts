/** The test of what is typed: by itself after a pause where that changes nothing there, else when it is asked for. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, ask, type Schema } from "@/api/client";
import type { Faults, Problem } from "@/api/problems";
import { fieldOf } from "./faults";
import { isFilled, keepsSecrets, type Values } from "./fields";
import { type Body, newBody } from "./model";
import type { FormState } from "./useForm";

const TEST_AFTER_MS = 700;
const READS = new Set(["GET", "HEAD", "OPTIONS"]);
const SAYS = new Set(["text", "textarea", "headers", "variants"]);

export type Tested = {
  result: Schema["Result"];
  /** Fields left out, because they have an error: whether it is up cannot be said yet. */
  skipped: ReadonlySet<string>;
  /** What the form said then: the rules that were judged. */
  values: Values;
  /** What was asked, to tell whether it is still what the form says. */
  asked: string;
};

/** What a check is made of; whom it tells and how often change nothing of its result. */
function targetOf(form: FormState, team: number): string {
  if (!form.form?.testable || !isFilled(form.values.url ?? null) || keepsSecrets(form.values)) return "";
  const { url, config, timeout_s } = newBody(form.form, form.fields, form.values, "");
  return JSON.stringify({ team, kind: form.form.kind, url, config, ...(timeout_s === undefined ? {} : { timeout_s }) });
}

export function useTest(form: FormState, team: number) {
  const [tested, setTested] = useState<Tested | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [testing, setTesting] = useState(false);
  const newest = useRef("");
  const refused = useRef(false);
  const wanted = targetOf(form, team);
  const { addFaults, fields, typed, values } = form;

  const run = useCallback(async () => {
    if (!wanted) return;
    newest.current = wanted;
    setTesting(true);
    const answer = await testOnce(JSON.parse(wanted) as Body, (faults) => {
      addFaults(faults, (name) => (fieldOf(fields, name)?.path ?? "") in typed);
      return expectFaults(faults);
    });
    if (newest.current !== wanted) return;
    setTesting(false);
    refused.current = !answer.ok && answer.problem.kind === "refused";
    setProblem(answer.ok ? null : answer.problem);
    setTested((before) =>
      answer.ok ? { result: answer.data, skipped: answer.skipped, values, asked: wanted } : before,
    );
  }, [wanted, addFaults, fields, typed, values]);

  const auto = wanted !== "" && isQuiet(form) && "url" in typed;
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  }, [run]);
  useEffect(() => {
    if (!auto || newest.current === wanted || refused.current) return;
    const timer = setTimeout(() => void latest.current(), TEST_AFTER_MS);
    return () => clearTimeout(timer);
  }, [auto, wanted]);

  return { tested, problem, testing, run, wanted, stale: tested !== null && tested.asked !== wanted };
}

/** Only looks: it writes nothing there, and sends no half-typed password. Other tests wait until they are asked for. */
function isQuiet(form: FormState): boolean {
  const method = form.values["config.method"];
  if (typeof method === "string" && !READS.has(method)) return false;
  return !form.fields.some(
    (field) => field.section === "request" && SAYS.has(field.type) && isFilled(form.values[field.path] ?? null),
  );
}

/** The rules at fault that a check can do without. Null: something else is wrong. */
function expectFaults(faults: Faults): string[] | null {
  const names = Object.keys(faults);
  return names.length > 0 && names.every((name) => name.startsWith("config.")) ? names : null;
}

type Once = { ok: true; data: Schema["Result"]; skipped: ReadonlySet<string> } | { ok: false; problem: Problem };

/** One faulty rule does not keep the target from being asked: it is left out, and said so. */
async function testOnce(body: Body, onFaults: (faults: Faults) => string[] | null): Promise<Once> {
  const first = await call(body);
  if (first.ok || first.problem.kind !== "invalid") return first.ok ? { ...first, skipped: new Set() } : first;
  const faulty = onFaults(first.problem.fields);
  if (!faulty) return first;
  const config = { ...body.config };
  const skipped = new Set(faulty.map((name) => name.split(".").slice(0, 2).join(".")));
  for (const path of skipped) Reflect.deleteProperty(config, path.slice("config.".length));
  const second = await call({ ...body, config });
  return second.ok ? { ...second, skipped } : first;
}

const call = (body: Body) =>
  ask(api.POST("/api/v1/monitors/test", { body: body as unknown as Schema["MonitorRequest"] }));
