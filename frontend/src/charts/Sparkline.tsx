import { memo } from "react";
import styles from "./charts.module.css";

const WIDTH = 104;
const HEIGHT = 20;

/** One path a gap-free run, from 0 up, on the same baseline as the bars. `values` in ms, null where nothing was measured. */
export function sparkPath(values: readonly (number | null)[], width = WIDTH, height = HEIGHT): string {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = values.length > 1 ? (width - 4) / (values.length - 1) : 0;
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const x = (1 + index * step).toFixed(1);
    const y = (height - 1.5 - (value / top) * (height - 4)).toFixed(1);
    const alone = !drawing && (values[index + 1] ?? null) === null;
    path += `${drawing ? "L" : "M"}${x} ${y}${alone ? "h.01" : ""}`;
    drawing = true;
  });
  return path;
}

/** The response over 24 hours. The figures stand beside it, so it is not read aloud. */
export const Sparkline = memo(function Sparkline({ values }: { values: readonly (number | null)[] }) {
  if (values.every((value) => value === null)) return <span className="t3 s">–</span>;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path className={styles.axis} d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      <path className={styles.spark} d={sparkPath(values)} />
    </svg>
  );
});
