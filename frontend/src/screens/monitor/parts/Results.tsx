/** The last results, and the chosen one in its phases. */
import { problemFrom } from "@/api/client";
import { serverNow, tellDayAndTime, tellExactly, tellTimeWithSeconds } from "@/time";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Failed, WaitingRows } from "@/ui/Notices";
import { StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import type { Monitor, Result } from "../data/shapes";
import { withoutStop } from "../data/why";
import { ResultDetail } from "./ResultDetail";
import styles from "./Results.module.css";

export const keyOf = (result: Result) => `${result.scheduled_at} ${result.region}`;

type Props = {
  monitor: Monitor;
  results: readonly Result[] | undefined;
  error: unknown;
  onTryAgain: () => void;
  chosen: Result | null;
  onChoose: (result: Result) => void;
  /** Results up to this moment are shown; null: the newest. */
  until: string | null;
  onNewest: () => void;
  onMore: (() => void) | null;
};

export function Results(props: Props) {
  const words = useWords();
  const said = words.monitor.results;
  const { monitor, results, error, chosen, until, onNewest, onMore } = props;
  if (!results)
    return error ? (
      <Failed what={said.what} problem={problemFrom(error)} onTryAgain={props.onTryAgain} />
    ) : (
      <WaitingRows rows={4} />
    );
  const told = until && said.until(tellDayAndTime(new Date(until), words.locale, new Date(serverNow())));
  return (
    <section className={styles.split} aria-label={said.title}>
      <div className={styles.list}>
        <h2 className={styles.title}>{told || said.title}</h2>
        {told && (
          <div className={styles.until}>
            <span className="b">{told}</span>
            <Button look="quiet" size="small" icon="close" onClick={onNewest}>
              {said.newest}
            </Button>
          </div>
        )}
        <Rows {...props} results={results} />
        {results.length === 0 && <p className={classes("t3", styles.none)}>{said.none}</p>}
        {onMore && (
          <button type="button" className={styles.more} onClick={onMore}>
            {said.more}
          </button>
        )}
      </div>
      {chosen && <ResultDetail monitor={monitor} result={chosen} />}
    </section>
  );
}

function Rows({ monitor, results, chosen, onChoose }: Props & { results: readonly Result[] }) {
  const words = useWords();
  const said = words.monitor.results;
  const http = monitor.kind === "http" || monitor.kind === "websocket";
  const dated = results.some((result) => !isToday(new Date(result.checked_at)));
  const look = classes(styles.row, !http && styles.noHttp, dated && styles.dated);
  return (
    <>
      <div className={classes(look, styles.head)} aria-hidden="true">
        <span />
        <span>{said.time}</span>
        <span className={styles.region}>{said.from}</span>
        {http && <span className="n">{said.http}</span>}
        <span className="n">{said.ms}</span>
        <span className={styles.found}>{said.found}</span>
      </div>
      <ul>
        {results.map((result) => (
          <li key={keyOf(result)}>
            <Row {...{ result, http, look }} on={chosen === result} onChoose={() => onChoose(result)} />
          </li>
        ))}
      </ul>
    </>
  );
}

type RowProps = { result: Result; http: boolean; look: string; on: boolean; onChoose: () => void };

function Row({ result, http, look, on, onChoose }: RowProps) {
  const words = useWords();
  const { results: said } = words.monitor;
  const { status } = result;
  const ms = result.timings.total_ms;
  const bad = status === "down" ? "down" : status === "degraded" ? "degraded" : undefined;
  const at = new Date(result.checked_at);
  const error = words.fromServer(result.error);
  return (
    <button type="button" className={classes(look, on && styles.on)} aria-pressed={on} onClick={onChoose}>
      <StateIcon status={iconOf(status)} label={said.statuses[status]} />
      <span data-tip={tellExactly(at, words.locale)}>{tellRowTime(at, words)}</span>
      <span className={classes("t2 clip", styles.region)}>{said.region(result.region)}</span>
      {http && <span className={classes("n", bad)}>{result.http_status ?? "–"}</span>}
      <span className="n">
        {ms === null ? "–" : words.number(ms)}
        {ms !== null && <span className={styles.unit}> ms</span>}
      </span>
      <span className={classes("t2 clip", styles.found)} data-tip={error || undefined}>
        {withoutStop(error)}
      </span>
    </button>
  );
}

export function iconOf(status: Result["status"]) {
  return status === "unknown" ? "no_data" : status;
}

const isToday = (at: Date) => at.toDateString() === new Date(serverNow()).toDateString();

function tellRowTime(at: Date, words: Words): string {
  return isToday(at) ? tellTimeWithSeconds(at, words.locale) : tellDayAndTime(at, words.locale, new Date(serverNow()));
}
