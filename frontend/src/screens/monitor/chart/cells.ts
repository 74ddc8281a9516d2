/** The strip of checks under the chart: a cell a step, on the chart's own axis. Pure. */
import type { DayLetter } from "@/charts/Bars";
import type { Point } from "../data/shapes";

export type Cell = { from: number; to: number; letter: DayLetter };

/** How the checks of a step went. A step in which none was due goes on as the one before; `before` of the first is "-". */
export function letterOf(point: Point, before: DayLetter): DayLetter {
  if (point.count > 0) {
    if (point.failures > 0) return "d";
    return point.degraded > 0 ? "g" : "u";
  }
  if (point.maintenance > 0) return "m";
  return point.coverage ? before : "-";
}

/** Cells within `[from, to]`; the first and the last are cut to it. */
export function cellsOf(points: readonly Point[], stepMs: number, from: number, to: number): Cell[] {
  let before: DayLetter = "-";
  return points.flatMap((point) => {
    const start = Date.parse(point.at);
    before = letterOf(point, before);
    const cell = { from: Math.max(from, start), to: Math.min(to, start + stepMs), letter: before };
    return cell.to > cell.from ? [cell] : [];
  });
}

/** `count` bars over `width` whole pixels: their widths differ by 1 px at most, the gaps never. */
export function fitBars(count: number, width: number, gap: number): { x: number; width: number }[] {
  return Array.from({ length: count }, (_, index) => {
    const x = Math.round((index * (width + gap)) / count);
    const next = Math.round(((index + 1) * (width + gap)) / count);
    return { x, width: Math.max(1, next - gap - x) };
  });
}
