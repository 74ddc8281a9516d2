import { memo } from "react";
import styles from "./charts.module.css";

const WIDTH = 104;
const HEIGHT = 20;

const TOP = 35;

/** One path a gap-free run, from 0 up, on the same baseline as the bars. `hours`: 0 to 9, then a to z, the greatest;
 *  or `-`. */
export function sparkPath(hours: string, width = WIDTH, height = HEIGHT): string {
  const values = Array.from(hours, (hour) => (hour === "-" ? null : Number.parseInt(hour, 36)));
  const step = values.length > 1 ? (width - 4) / (values.length - 1) : 0;
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const x = (1 + index * step).toFixed(1);
    const y = (height - 1.5 - (value / TOP) * (height - 4)).toFixed(1);
    const alone = !drawing && (values[index + 1] ?? null) === null;
    path += `${drawing ? "L" : "M"}${x} ${y}${alone ? "h.01" : ""}`;
    drawing = true;
  });
  return path;
}

/** The response over 24 hours. The figures stand beside it, so it is not read aloud. */
export const Sparkline = memo(function Sparkline({ hours }: { hours: string }) {
  if (/^-*$/.test(hours)) return <span className="t3 s">–</span>;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path className={styles.axis} d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      <path className={styles.spark} d={sparkPath(hours)} />
    </svg>
  );
});
