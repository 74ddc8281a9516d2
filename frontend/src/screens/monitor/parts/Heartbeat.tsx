/** What a heartbeat has instead of a chart: its address, how to call it, when the next call is due, and the calls. */
import { tellExactly, tellSpan, useNow } from "@/time";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import type { Monitor } from "../data/shapes";
import { tellMoment } from "../data/why";
import { HeartbeatSnippets } from "../HeartbeatSnippets";
import styles from "./Heartbeat.module.css";
import { Pings } from "./Pings";

export function Heartbeat({ monitor }: { monitor: Monitor }) {
  const said = useWords().monitor.heartbeat;
  return (
    <>
      <Deadline monitor={monitor} />
      <section className={styles.section}>
        <h2>{said.address}</h2>
        <HeartbeatSnippets monitor={monitor} />
      </section>
      <Pings id={monitor.id} />
    </>
  );
}

function Deadline({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.heartbeat;
  const now = useNow();
  const deadline = monitor.heartbeat?.deadline_at;
  const started = monitor.heartbeat?.started_at;
  if (!deadline || monitor.status === "paused") return null;
  const left = Date.parse(deadline) - now;
  return (
    <div className={styles.deadline}>
      <span className="t3 s">{said.deadline}</span>
      <span className={styles.due}>
        <time dateTime={deadline} data-tip={tellExactly(new Date(deadline), words.locale)}>
          {tellMoment(deadline, now, words)}
        </time>
        {left >= 0 ? (
          <span className="t2">{words.time.in(tellSpan(left, words.time))}</span>
        ) : (
          <span className="row-x down b">
            <StateIcon status="down" />
            {said.late(tellSpan(-left, words.time))}
          </span>
        )}
        {started && <span className="t2">{said.running(tellSpan(now - Date.parse(started), words.time))}</span>}
      </span>
    </div>
  );
}
