import { Link } from "@/routing";
import { At } from "@/time";
import { State, StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { useMaintenance } from "../data/queries";
import type { Monitor } from "../data/shapes";
import { covers } from "../data/told";
import styles from "./Maintenance.module.css";

const MOST = 3;

/** The windows that cover this monitor: what runs, then what comes next. */
export function useOwnMaintenance(monitor: Monitor) {
  const windows = useMaintenance(monitor).data?.results ?? [];
  return windows
    .filter((one) => one.next_starts_at !== null && covers(one, monitor))
    .toSorted((a, b) => (a.next_starts_at ?? "").localeCompare(b.next_starts_at ?? ""));
}

export function Maintenance({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.maintenance;
  const windows = useOwnMaintenance(monitor);
  return (
    <section>
      <h2>{said.title}</h2>
      {windows.length === 0 && (
        <p className="t3">
          {said.none}{" "}
          <Link className="link" href="/maintenance/">
            {said.plan}
          </Link>
        </p>
      )}
      <ul>
        {windows.slice(0, MOST).map((one) => (
          <li key={one.id} className={styles.row}>
            <StateIcon status="maintenance" />
            <span className="grow clip">{one.title}</span>
            {one.running ? (
              <State status="maintenance" word={said.running} />
            ) : (
              one.next_starts_at && <At at={one.next_starts_at} className="t3 s" />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
