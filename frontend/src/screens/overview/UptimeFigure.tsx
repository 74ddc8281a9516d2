import type { OverviewRow } from "@/api/overview";
import { tellUptime } from "@/screens/monitor/data/uptime";
import { useWords } from "@/words";
import styles from "./Row.module.css";

type Slo = OverviewRow["slo"];

export function belowSlo(uptime: number | null, slo: Slo): boolean {
  return uptime !== null && slo !== null && uptime < slo.target;
}

/** 0.999 is "99.9", or "99,9" */
export function tellSlo(target: number, locale: string): string {
  return (target * 100).toLocaleString(locale, { maximumFractionDigits: 4 });
}

/** Coloured only where it misses its promise, and then the promise stands under it. */
export function UptimeFigure({ uptime, slo }: { uptime: number | null; slo: Slo }) {
  const words = useWords();
  if (uptime === null)
    return (
      <span role="cell" className="n">
        –
      </span>
    );
  const text = tellUptime(uptime, words.locale);
  if (!slo || !belowSlo(uptime, slo))
    return (
      <span role="cell" className="n">
        {text}
      </span>
    );
  const target = tellSlo(slo.target, words.locale);
  return (
    <span role="cell" className={`n ${styles.two}`}>
      <span className="down b" data-tip={words.overview.belowSlo(target)}>
        {text}
      </span>
      <span className={`t3 ${styles.promise ?? ""}`}>{words.overview.slo(target)}</span>
    </span>
  );
}
