import type { OverviewRow } from "@/api/overview";
import { Span, tellTime } from "@/time";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { useWords, type Words } from "@/words";
import styles from "./Row.module.css";
import { tellReason, tellTarget } from "./rows";

/** The address when healthy; why, in one sentence, when in trouble. */
export function secondLine(row: OverviewRow, words: Words): { text: string; trouble: boolean } {
  if (row.status === "maintenance" && row.maintenance) {
    const until = tellTime(new Date(row.maintenance.until), words.locale);
    return { text: words.overview.maintenanceUntil(row.maintenance.title, until), trouble: true };
  }
  const reason = tellReason(row.reason, words);
  return reason ? { text: reason, trouble: true } : { text: tellTarget(row, words), trouble: false };
}

export function SecondLine({ row, wraps = false }: { row: OverviewRow; wraps?: boolean }) {
  const words = useWords();
  const { text, trouble } = secondLine(row, words);
  return <span className={classes("s", trouble ? "t2" : "t3", !wraps && "clip")}>{text}</span>;
}

/** `slim`: in a line with the state, where there is less room. */
export function HowLong({ row, slim = false }: { row: OverviewRow; slim?: boolean }) {
  const { overview } = useWords();
  return (
    <span className="t3 clip">
      {slim && row.incident?.acknowledged && (
        <span className={styles.acknowledged} role="img" aria-label={overview.acknowledged}>
          <Icon name="tick" size={12} />
        </span>
      )}
      {row.since !== null && <Span since={row.since} short={slim} />}
      {!slim && row.incident?.acknowledged && ` · ${overview.acknowledged}`}
    </span>
  );
}
