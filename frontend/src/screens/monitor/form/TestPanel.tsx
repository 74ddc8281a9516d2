import type { Schema } from "@/api/client";
import { Waterfall } from "@/charts/Waterfall";
import { tellTimeWithSeconds } from "@/time";
import { Button } from "@/ui/Button";
import { ProblemNote } from "@/ui/Notices";
import { State, StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import { tellServer } from "./Control";
import { type Field, isFilled, keepsSecrets, textOf, type Value } from "./fields";
import styles from "./Form.module.css";
import { daysUntil, judge, type Judged } from "./judged";
import type { FormState } from "./useForm";
import type { Tested, useTest } from "./useTest";

type Result = Schema["Result"];

/** What the target answers to the form as it is typed. */
export function TestPanel({ form, test }: { form: FormState; test: ReturnType<typeof useTest> }) {
  const words = useWords();
  const said = words.monitorForm.test;
  const { tested, testing, problem } = test;
  const why = keepsSecrets(form.values) ? said.secrets : isFilled(form.values.url ?? null) ? "" : said.noTarget;
  return (
    <aside className={styles.side} aria-label={said.title}>
      <div className={styles.sideHead}>
        <h2 className="grow">{said.title}</h2>
        <Button
          size="small"
          icon="check"
          hint="T"
          disabled={!test.wanted}
          busy={testing && said.testing}
          onClick={() => void test.run()}
        >
          {tested ? said.again : said.now}
        </Button>
      </div>
      <div aria-live="polite">
        {problem && problem.kind !== "invalid" && <ProblemNote problem={problem} />}
        {problem?.kind === "invalid" && !tested && <p className={styles.empty}>{said.faulty}</p>}
        {!tested && !problem && <p className={styles.empty}>{testing ? said.running : why || said.ready}</p>}
        {tested && <Shown form={form} tested={tested} stale={test.stale} />}
      </div>
    </aside>
  );
}

function Shown({ form, tested, stale }: { form: FormState; tested: Tested; stale: boolean }) {
  const words = useWords();
  const said = words.monitorForm.test;
  const { result, skipped, values } = tested;
  const { timings } = result;
  const judged = judge(form.fields, values, result, skipped);
  const at = tellTimeWithSeconds(new Date(result.checked_at), words.locale);
  const status = result.status === "unknown" ? "no_data" : result.status;
  const total = timings.total_ms;
  const phases = phasesOf(timings);
  const measured = Object.values(phases).some((ms) => ms !== null);
  const word = total !== null && status === "up" ? said.answeredIn(words.overview.ms(total)) : undefined;
  return (
    <div>
      <div className={styles.answer}>
        <State status={status} {...(word ? { word } : {})} />
        <span className="t3 s grow n">
          {result.region ? said.from(at, words.monitor.results.region(result.region)) : at}
        </span>
      </div>
      <p className={styles.sentence}>
        {tellResult(result, words)}
        {stale && ` ${said.stale}`}
        {skipped.size > 0 && ` ${said.cannotSay(namesOf(form.fields, skipped, words))}`}
      </p>
      {total !== null && measured && <Waterfall totalMs={total} phases={phases} />}
      {judged.length > 0 && (
        <>
          <h3>{said.judged}</h3>
          <ul className={styles.judged}>
            {judged.map((one) => (
              <Verdict key={one.field.path} judged={one} value={values[one.field.path] ?? null} result={result} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function phasesOf(timings: Result["timings"]) {
  const { dns_ms, connect_ms, tls_ms, first_byte_ms, download_ms } = timings;
  return { dns: dns_ms, connect: connect_ms, tls: tls_ms, first_byte: first_byte_ms, download: download_ms };
}

function namesOf(fields: readonly Field[], paths: ReadonlySet<string>, words: Words): string {
  return fields
    .filter((field) => paths.has(field.path))
    .map((field) => tellServer(field.label, words))
    .join(", ");
}

/** "HTTP 200 over HTTP/2 from 203.0.113.20." or the reason why not. */
function tellResult(result: Result, words: Words): string {
  if (result.error) return words.fromServer(result.error);
  const said = words.overview.firstSteps;
  const parts = [
    result.http_status !== null && said.answered(result.http_status, result.http_version),
    result.address && said.from(result.address),
  ].filter(Boolean);
  const sentence = parts.join(" ");
  return sentence && `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

function Verdict({ judged, value: typed, result }: { judged: Judged; value: Value; result: Result }) {
  const words = useWords();
  const { field, verdict } = judged;
  const said = words.monitorForm.test;
  const value = textOf(typed).replaceAll("\n", ", ");
  const quoted = field.type === "text" && field.default === "" ? words.quoted(value) : value;
  const rule = said.rule(tellServer(field.label, words), quoted, field.unit && tellServer(field.unit, words));
  return (
    <li>
      <StateIcon status={verdict} label={words.states[verdict]} />
      <span className="clip">{rule}</span>
      <span className="t2">{tellFinding(field, verdict, result, words)}</span>
    </li>
  );
}

function tellFinding(field: Field, verdict: Judged["verdict"], result: Result, words: Words): string {
  const said = words.monitorForm.test;
  if (verdict === "pending") return said.notJudged;
  if (field.name === "expected_status" && result.http_status !== null) return String(result.http_status);
  if (field.name === "degraded_ms" && result.timings.total_ms !== null)
    return words.overview.ms(result.timings.total_ms);
  const ends =
    field.name === "tls_expiry_days"
      ? result.tls_expires_at
      : field.name === "expiry_days"
        ? result.domain_expires_at
        : null;
  if (ends) return said.daysLeft(daysUntil(result, ends));
  return verdict === "up" ? said.holds : said.fails;
}
