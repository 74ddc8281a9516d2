import { Bars } from "@/charts/Bars";
import { Link } from "@/routing";
import { tellUptime } from "@/screens/monitor/data/uptime";
import { tellSpan, useNow } from "@/time";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { SecondLine } from "./Lines";
import type { RowProps } from "./Row";
import styles from "./Row.module.css";
import { responseOf } from "./rows";
import { belowSlo, tellSlo } from "./UptimeFigure";

const DAYS = 60;

/** Two lines: what is wrong and for how long; of the healthy the bars and the figures. */
export function PhoneCells({ row, graph }: RowProps) {
  const words = useWords();
  const now = useNow(15_000);
  const calm = row.status === "up";
  const response = responseOf(row);
  const span = row.since === null ? "" : tellSpan(now - Date.parse(row.since), words.time, { short: true });
  return (
    <>
      <span role="cell">
        <StateIcon status={row.status} label={words.states[row.status]} />
      </span>
      <span role="cell" className="clip">
        <Link className="b" href={`/monitors/${row.id}/`}>
          {row.name}
        </Link>
      </span>
      {calm ? (
        <span role="cell">{response === null ? "–" : words.overview.ms(response)}</span>
      ) : (
        <span role="cell" className={`b ${row.status}`}>
          {words.states[row.status]} {span}
        </span>
      )}
      {calm ? (
        <span role="cell" className={styles.phoneBars}>
          {graph && <Bars days={graph.days.slice(-DAYS)} height={14} />}
          <PhoneUptime row={row} />
        </span>
      ) : (
        <span role="cell" className={styles.second}>
          <SecondLine row={row} wraps />
        </span>
      )}
    </>
  );
}

function PhoneUptime({ row }: Pick<RowProps, "row">) {
  const words = useWords();
  const uptime = row.uptime_30d;
  if (uptime === null) return <span className="grow n s t3">–</span>;
  const bad = belowSlo(uptime, row.slo);
  const text = tellUptime(uptime, words.locale);
  if (!bad || !row.slo) return <span className="grow n s t3">{text}</span>;
  return (
    <span className="grow n s down b">{`${text}, ${words.overview.slo(tellSlo(row.slo.target, words.locale))}%`}</span>
  );
}
