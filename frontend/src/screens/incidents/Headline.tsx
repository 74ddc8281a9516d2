import type { Incident } from "@/api/incidents";
import { tellSpan, useNow } from "@/time";
import { StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import styles from "./Headline.module.css";
import { lasts, nameOf, nextCall, signOf, splitCause } from "./telling";
import { tellWhen } from "./When";

/** The state as words, who is on it, and why in one sentence. */
export function Headline({ incident, monitor }: { incident: Incident; monitor: string | null }) {
  const words = useWords();
  const opening = incident.timeline.at(-1)?.text ?? "";
  const { first, rest } = splitCause(incident, opening, words);
  return (
    <div>
      <div className={styles.headline}>
        <StateIcon status={signOf(incident)} size={22} label={words.incidents.severity[incident.severity]} />
        <h2 className={styles.state}>
          <HowLong incident={incident} />
        </h2>
        <p className={styles.who}>
          <WhoIsOnIt incident={incident} />
        </p>
      </div>
      {monitor !== null && <p className={styles.monitor}>{monitor}</p>}
      <p className={styles.lead}>
        <b>{first}</b> {rest} {incident.retracted && words.incidents.retracted}
      </p>
    </div>
  );
}

function HowLong({ incident }: { incident: Incident }) {
  const { incidents, time } = useWords();
  const span = tellSpan(lasts(incident, useNow()), time);
  if (incident.retracted) return incidents.neverWas;
  if (incident.resolved_at !== null) return incidents.resolvedAfter(span);
  return incident.kind === "automatic" ? incidents.downFor(span) : incidents.openFor(span);
}

function WhoIsOnIt({ incident }: { incident: Incident }) {
  const words = useWords();
  const now = useNow();
  if (incident.resolved_at !== null || incident.acknowledged_at !== null)
    return tellWho(incident, words, new Date(now));
  const next = nextCall(incident);
  if (!next) return words.incidents.waits;
  const span = tellSpan(Date.parse(next.at) - now, words.time);
  return (
    <>
      {words.incidents.waitsAnd(next.channel_name)} <b>{words.time.in(span)}</b>
    </>
  );
}

function tellWho(incident: Incident, words: Words, now: Date): string {
  const { incidents, locale } = words;
  const tell = (at: string) => tellWhen(new Date(at), locale, now, { seconds: false });
  if (incident.resolved_at !== null)
    return incident.resolved_by
      ? incidents.resolvedAt(nameOf(incident.resolved_by), tell(incident.resolved_at))
      : incidents.recoveredAt(tell(incident.resolved_at));
  const at = tell(incident.acknowledged_at ?? incident.started_at);
  return incident.acknowledged_by
    ? incidents.acknowledgedAt(nameOf(incident.acknowledged_by), at)
    : incidents.acknowledgedByLink(at);
}
