import { useEffect } from "react";
import type { OverviewRow } from "@/api/overview";
import { useSignedIn } from "@/session";
import { useResults } from "@/screens/monitor/data/queries";
import { tellUptime } from "@/screens/monitor/data/uptime";
import { tellTimeWithSeconds } from "@/time";
import { Button } from "@/ui/Button";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { HowLong, secondLine } from "./Lines";
import styles from "./Peek.module.css";
import { tellTarget } from "./rows";
import type { Actions } from "./useActions";

const RESULTS = 6;

type Props = { row: OverviewRow; actions: Actions; onClose: () => void };

/** The row that has the keyboard, at a glance: why it is so, and what the last checks found. J and K go on. */
export default function Peek({ row, actions, onClose }: Props) {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const said = words.overview;
  const { text, trouble } = secondLine(row, words);
  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      onClose();
    };
    document.addEventListener("keydown", close, { capture: true });
    return () => document.removeEventListener("keydown", close, { capture: true });
  }, [onClose]);
  return (
    <aside className={styles.peek} aria-label={said.peek.label(row.name)}>
      <div className={styles.head}>
        <h2 className="grow clip">{row.name}</h2>
        <Button look="quiet" size="small" icon="close" label={words.common.close} onClick={onClose} />
      </div>
      <p className={styles.state}>
        <StateIcon status={row.status} size={16} />
        <span className={`b ${row.status}`}>{words.states[row.status]}</span> <HowLong row={row} />
      </p>
      {trouble && <p className="t2">{text}</p>}
      <p className={`mono t3 ${styles.target ?? ""}`}>{tellTarget(row, words)}</p>
      <dl className={styles.figures}>
        <div>
          <dt>{said.columns.day}</dt>
          <dd>{tellUptime(row.uptime_24h, words.locale)}</dd>
        </div>
        <div>
          <dt>{said.columns.month}</dt>
          <dd>{tellUptime(row.uptime_30d, words.locale)}</dd>
        </div>
      </dl>
      <h3 className={styles.title}>{words.monitor.results.title}</h3>
      <LastResults id={row.id} />
      <div className={styles.foot}>
        <Button hint="↵" onClick={() => actions.open(row)}>
          {said.open}
        </Button>
        {mayEdit && (
          <Button look="quiet" hint="E" onClick={() => actions.edit(row)}>
            {said.edit}
          </Button>
        )}
      </div>
    </aside>
  );
}

function LastResults({ id }: { id: number }) {
  const words = useWords();
  const results = useResults(id, { size: RESULTS, until: null });
  const rows = results.data?.results.slice(0, RESULTS);
  if (!rows) return <p className="t3">{results.error ? words.problem.noAnswer : words.common.loading}</p>;
  if (rows.length === 0) return <p className="t3">{words.monitor.results.none}</p>;
  return (
    <ul className={styles.results}>
      {rows.map((one) => (
        <li key={`${one.scheduled_at} ${one.region}`}>
          <StateIcon
            status={one.status === "unknown" ? "no_data" : one.status}
            label={words.monitor.results.statuses[one.status]}
          />
          <span>{tellTimeWithSeconds(new Date(one.checked_at), words.locale)}</span>
          <span className="t2 clip">{words.fromServer(one.error)}</span>
          <span className="n">{one.timings.total_ms === null ? "–" : words.overview.ms(one.timings.total_ms)}</span>
        </li>
      ))}
    </ul>
  );
}
