import { memo } from "react";
import { useWords } from "@/words";
import styles from "./charts.module.css";

/** The letters of a day, as the API sends them. */
export type DayLetter = "u" | "g" | "d" | "m" | "-";

const HEIGHT_OF: Record<DayLetter, number> = { u: 3 / 5, g: 4 / 5, d: 1, m: 3 / 5, "-": 0 };
const CLASS_OF: Record<DayLetter, string | undefined> = {
  u: styles.upDay,
  g: styles.degradedDay,
  d: styles.downDay,
  m: styles.maintenanceDay,
  "-": styles.noDataDay,
};
const BAR = 2;
const GAP = 1;

/** One path a state, on whole pixels: 2 px a day and 1 px between. No data is a dash of dots, and a single dot before
 *  the first day that has any: then nobody watched yet. */
export function barPaths(days: string, height: number): [DayLetter, string][] {
  const paths = new Map<DayLetter, string>();
  const begun = /[^-]/.exec(days)?.index ?? days.length;
  Array.from(days).forEach((given, index) => {
    const letter = (given in HEIGHT_OF ? given : "-") as DayLetter;
    const x = index * (BAR + GAP);
    const tall = Math.round(height * HEIGHT_OF[letter]);
    const drawn =
      letter === "-"
        ? (index < begun ? [2] : [2, 5, 8]).map((up) => `M${x} ${height - up}h${BAR}v1h-${BAR}z`).join("")
        : `M${x} ${height - tall}h${BAR}V${height}h-${BAR}z`;
    paths.set(letter, (paths.get(letter) ?? "") + drawn);
  });
  return [...paths];
}

export function barsWidth(days: number): number {
  return Math.max(0, days * (BAR + GAP) - GAP);
}

/** Days as bars, the newest at the right. Colour and height say the same; the label says it in words. */
export const Bars = memo(function Bars({ days, height = 20 }: { days: string; height?: number }) {
  const { charts } = useWords();
  const count = (letter: DayLetter) => Array.from(days).filter((one) => one === letter).length;
  const width = barsWidth(days.length);
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      shapeRendering="crispEdges"
      role="img"
      aria-label={charts.summary(days.length, count("d"), count("g"))}
    >
      {barPaths(days, height).map(([letter, path]) => (
        <path key={letter} className={CLASS_OF[letter]} d={path} />
      ))}
    </svg>
  );
});
