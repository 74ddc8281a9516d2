import type { Incident, Result } from "@/api/incidents";
import { Waterfall } from "@/charts/Waterfall";
import { Facts } from "@/ui/Facts";
import { useWords, type Words } from "@/words";
import styles from "./Cause.module.css";
import { phasesOf } from "./telling";
import { When } from "./When";

/** The failing check: where its time went, and what it answered. */
export function Cause({ incident }: { incident: Incident }) {
  const { cause } = incident;
  if (!cause) return null;
  return <Shown cause={cause} />;
}

function Shown({ cause }: { cause: Result }) {
  const words = useWords();
  const measured = phasesOf(cause);
  const { facts } = words.incidents;
  return (
    <section className={measured ? styles.both : styles.alone}>
      {measured && (
        <div>
          <h2 className={styles.title}>{words.incidents.cause}</h2>
          <Waterfall {...measured} />
        </div>
      )}
      <div className={styles.facts}>
        <h2 className={styles.title}>{words.incidents.firstResult}</h2>
        <Facts
          rows={[
            [
              facts.when,
              <span key="when">
                <When at={cause.checked_at} />
                {cause.region && facts.from("", words.monitor.results.region(cause.region))}
              </span>,
            ],
            [facts.answer, tellAnswer(cause, words)],
            cause.address
              ? [
                  facts.address,
                  <span key="address" className="mono">
                    {cause.address}
                  </span>,
                ]
              : null,
          ]}
        />
      </div>
    </section>
  );
}

/** "503 over HTTP/2 in 1,288 ms" */
export function tellAnswer(result: Result, words: Words): string {
  const { facts } = words.incidents;
  const { http_status: status, http_version: version, timings } = result;
  if (status === null) return facts.noAnswer;
  const what = version ? facts.overHttp(status, version) : String(status);
  return timings.total_ms === null ? what : facts.in(what, words.overview.ms(timings.total_ms));
}
