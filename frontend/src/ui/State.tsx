import { useWords } from "@/words";
import styles from "./State.module.css";

export type MonitorStatus = "up" | "degraded" | "down" | "no_data" | "maintenance" | "paused" | "pending";

const FILLED: Record<Exclude<MonitorStatus, "no_data">, string> = {
  up: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.3 5.2-4 4.3a.8.8 0 0 1-1.2 0L4.6 8.9l1.1-1.1 1 1 3.5-3.7 1.1 1.1Z",
  degraded: "M8 1.5 15.5 14H.5L8 1.5Zm-.8 4.8v4h1.6v-4H7.2Zm0 5v1.5h1.6v-1.5H7.2Z",
  down: "M4.6 1h6.8L15 4.6v6.8L11.4 15H4.6L1 11.4V4.6L4.6 1Zm1 3.5L4.5 5.6 6.9 8l-2.4 2.4 1.1 1.1L8 9.1l2.4 2.4 1.1-1.1L9.1 8l2.4-2.4-1.1-1.1L8 6.9 5.6 4.5Z",
  maintenance: "M8 1 15 8l-7 7-7-7 7-7Zm-2.5 6v2h5V7h-5Z",
  paused: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM5.5 5h1.8v6H5.5V5Zm3.2 0h1.8v6H8.7V5Z",
  pending: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3Z",
};

type IconProps = { status: MonitorStatus; size?: number; label?: string | undefined };

/** A shape for each state, so that nothing rests on colour. `label` where no word stands beside it. */
export function StateIcon({ status, size = 14, label }: IconProps) {
  const said = label ? { role: "img", "aria-label": label } : { "aria-hidden": true };
  return (
    <svg className={status} width={size} height={size} viewBox="0 0 16 16" {...said}>
      {status === "no_data" ? (
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" strokeDasharray="3.14 3.14" />
      ) : (
        <path fill="currentColor" fillRule="evenodd" d={FILLED[status]} />
      )}
    </svg>
  );
}

/** Icon and word. `calm` is for what is fine: a grey word. */
export function State({ status, calm = false, word }: { status: MonitorStatus; calm?: boolean; word?: string }) {
  const { states } = useWords();
  return (
    <span className={calm ? styles.calm : `${styles.state} ${status}`}>
      <StateIcon status={status} />
      {word ?? states[status]}
    </span>
  );
}
