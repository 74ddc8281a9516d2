import type { IncidentRow } from "@/api/incidents";
import { Link } from "@/routing";
import { At, tellSpan, useNow } from "@/time";
import { classes } from "@/ui/classes";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import styles from "./IncidentTable.module.css";
import { lasts, nameOf, signOf, splitCause } from "./telling";

export function IncidentCells({ row }: { row: IncidentRow }) {
  const words = useWords();
  const { incidents } = words;
  const monitor = row.monitor_name;
  const open = row.resolved_at === null;
  const why = row.cause?.error ? splitCause(row, "", words).first.replace(/\.$/, "") : "";
  return (
    <>
      <span role="cell">
        <StateIcon status={signOf(row)} label={incidents.status[row.status]} />
      </span>
      <span role="cell" className={styles.what}>
        <Link className="b clip" href={`/incidents/${row.id}/`}>
          {row.kind === "manual" ? row.title : (monitor ?? row.title)}
        </Link>
        <span className={classes("s clip", open ? "t2" : "t3")}>
          <span className="t3">#{row.id}</span>{" "}
          {row.retracted
            ? incidents.retracted
            : why || [row.kind === "manual" ? monitor : null, incidents.status[row.status]].filter(Boolean).join(", ")}
        </span>
      </span>
      <span role="cell" className={classes("t2", styles.started)}>
        <At at={row.started_at} />
      </span>
      <Lasts row={row} />
      <Person row={row} />
      <Told row={row} />
    </>
  );
}

function Lasts({ row }: { row: IncidentRow }) {
  const { time } = useWords();
  const span = tellSpan(lasts(row, useNow(15_000)), time);
  const sign = signOf(row);
  return (
    <span role="cell" className={classes(styles.lasts, row.resolved_at === null ? `b ${sign}` : "t2")}>
      {span}
    </span>
  );
}

function Person({ row }: { row: IncidentRow }) {
  const { incidents } = useWords();
  const name = row.acknowledged_by ? nameOf(row.acknowledged_by) : null;
  const nobody = row.resolved_at === null ? incidents.nobodyYet : incidents.nobody;
  const text = name ?? (row.acknowledged_at === null ? nobody : incidents.byLink);
  return (
    <span role="cell" className={classes(styles.person, "clip", name === null && "t3")}>
      {text}
    </span>
  );
}

function Told({ row }: { row: IncidentRow }) {
  const { incidents } = useWords();
  return (
    <span role="cell" className={classes("n", row.told === 0 && "t3")} data-tip={incidents.toldAloud(row.told)}>
      {incidents.told(row.told)}
    </span>
  );
}
