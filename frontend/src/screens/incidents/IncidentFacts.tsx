import type { Incident } from "@/api/incidents";
import { Link } from "@/routing";
import { tellSpan, useNow } from "@/time";
import { Facts } from "@/ui/Facts";
import { useWords } from "@/words";
import { lasts, nameOf } from "./telling";
import { When } from "./When";

export function IncidentFacts({ incident, monitor }: { incident: Incident; monitor: string | null }) {
  const { incidents, time } = useWords();
  const { facts } = incidents;
  const span = tellSpan(lasts(incident, useNow()), time);
  const ended = incident.resolved_at;
  return (
    <section>
      <h2>{facts.title}</h2>
      <Facts
        rows={[
          [facts.monitor, <MonitorLink key="monitor" id={incident.monitor} name={monitor} />],
          [facts.started, <When key="started" at={incident.started_at} />],
          ended !== null && [facts.ended, <When key="ended" at={ended} />],
          [ended === null ? facts.lasts : facts.lasted, span],
          [facts.state, incidents.status[incident.status]],
          [facts.severity, incidents.severity[incident.severity]],
          [facts.openedBy, tellOpener(incident, facts)],
        ]}
      />
    </section>
  );
}

function MonitorLink({ id, name }: { id: number | null; name: string | null }) {
  const { incidents } = useWords();
  if (id === null) return <span className="t3">{incidents.noMonitor}</span>;
  return (
    <Link className="link" href={`/monitors/${id}/`}>
      {name ?? `#${id}`}
    </Link>
  );
}

function tellOpener(incident: Incident, words: { checks: string; person: string }): string {
  if (incident.kind === "automatic") return words.checks;
  const author = incident.timeline.findLast((entry) => entry.kind === "opened")?.author;
  return author ? nameOf(author) : words.person;
}
