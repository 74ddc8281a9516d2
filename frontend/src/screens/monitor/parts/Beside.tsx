import { LiveState } from "@/shell/Screen";
import { tellSpan, useNow } from "@/time";
import { useWords } from "@/words";
import type { Monitor } from "../data/shapes";
import styles from "./Beside.module.css";

/** "Live, 4 s ago", and when the next check is made. */
export function Beside({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const now = useNow();
  const checked = monitor.last_checked_at;
  const watched = monitor.kind !== "heartbeat" && monitor.status !== "paused";
  const next = checked && watched ? Date.parse(checked) + monitor.interval_s * 1000 - now : -1;
  return (
    <>
      <LiveState />
      {next >= 0 && (
        <span className={`t3 s ${styles.next}`}>{words.monitor.nextCheck(tellSpan(next, words.time))}</span>
      )}
    </>
  );
}
