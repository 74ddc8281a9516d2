import { Link } from "@/routing";
import { At, tellSpan, useNow } from "@/time";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import type { Incident } from "../data/shapes";
import { withoutStop } from "../data/why";
import styles from "./Incidents.module.css";

type Props = { id: number; incidents: readonly Incident[]; more: boolean };

/** The newest incidents of this monitor. */
export function MonitorIncidents({ id, incidents, more }: Props) {
  const words = useWords();
  const said = words.monitor.incidents;
  return (
    <section className={styles.section}>
      <div className={styles.head}>
        <h2>{said.title}</h2>
        <span className="grow" />
        {more && (
          <Link className="link s" href={`/incidents/?monitor=${id}`}>
            {said.all}
          </Link>
        )}
      </div>
      {incidents.length === 0 && <p className="t3">{said.none}</p>}
      <ul>
        {incidents.map((incident) => (
          <li key={incident.id}>
            <Row incident={incident} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ incident }: { incident: Incident }) {
  const words = useWords();
  const said = words.monitor.incidents;
  const now = useNow(15_000);
  const open = incident.resolved_at === null;
  const ms = incident.duration_s === null ? now - Date.parse(incident.started_at) : incident.duration_s * 1000;
  const error = incident.cause?.error;
  const text = typeof error === "string" && error ? withoutStop(words.fromServer(error)) : incident.title;
  return (
    <Link href={`/incidents/${incident.id}/`} className={styles.row}>
      <StateIcon status={open ? "down" : "up"} label={open ? said.open : words.states.up} />
      <span className="clip grow">{text}</span>
      <span className={open ? "down b" : "t2"}>
        {tellSpan(ms, words.time)}
        {open && `, ${said.open}`}
      </span>
      <span className={`t3 n ${styles.at}`}>
        <At at={incident.started_at} />
      </span>
    </Link>
  );
}
