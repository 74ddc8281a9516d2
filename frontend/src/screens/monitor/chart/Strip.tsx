/** The checks of each step, on the chart's axis. A click shows the results up to there. */
import { memo } from "react";
import type { DayLetter } from "@/charts/Bars";
import { serverNow, tellDayAndTime } from "@/time";
import { useWords } from "@/words";
import type { Frame } from "./frame";
import type { Cell } from "./cells";
import styles from "./Strip.module.css";

const HEIGHT = 20;
const TALL: Record<DayLetter, [number, number]> = { u: [6, 10], g: [4, 12], d: [2, 16], m: [6, 10], "-": [6, 10] };
const LOOKS: Record<DayLetter, string | undefined> = {
  u: styles.up,
  g: styles.degraded,
  d: styles.down,
  m: styles.maintenance,
  "-": styles.noData,
};

type Props = {
  cells: readonly Cell[];
  frame: Frame;
  chosenAt: number | null;
  label: string;
  onChoose: (until: number) => void;
};

export const Strip = memo(function Strip({ cells, frame, chosenAt, label, onChoose }: Props) {
  const words = useWords();
  const told = (at: number) => tellDayAndTime(new Date(at), words.locale, new Date(serverNow()));
  const line = chosenAt === null ? null : Math.round(frame.xOf(chosenAt));
  const shown = line !== null && line >= frame.left - 1 && line <= frame.right + 1;
  return (
    <svg
      className={styles.strip}
      width={frame.width}
      height={HEIGHT}
      viewBox={`0 0 ${frame.width} ${HEIGHT}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label={label}
    >
      <defs>
        <pattern id="strip-no-data" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0v4" className={styles.hatch} />
        </pattern>
      </defs>
      {!frame.narrow && (
        <text x={frame.left - 8} y="15" textAnchor="end">
          {words.monitor.chart.checks}
        </text>
      )}
      {cells.map(({ from, to, letter }) => {
        const [a, b] = [Math.round(frame.xOf(from)), Math.round(frame.xOf(to))];
        const [y, height] = TALL[letter];
        return (
          <rect
            key={from}
            className={LOOKS[letter]}
            x={a}
            y={y}
            width={Math.max(1, b - a - (b - a > 3 ? 1 : 0))}
            height={height}
            data-tip={`${words.monitor.chart.interval(told(from), told(to))}: ${words.states[STATE_OF[letter]]}`}
            onClick={() => onChoose(to)}
          />
        );
      })}
      {shown && <path className={styles.chosen} d={`M${line + 0.5} 0V${HEIGHT}`} />}
    </svg>
  );
});

const STATE_OF = { u: "up", g: "degraded", d: "down", m: "maintenance", "-": "no_data" } as const;
