/** From the points of `stats` to what is drawn: gaps stay gaps, phases are put on each other. Pure. */
import { PHASES, type Phase } from "@/charts/Waterfall";
import { roundTicks } from "@/charts/ticks";
import type { Point } from "../data/shapes";

/** Not measured, though a check was due: a gap. A step without a check in it (`coverage`, no figure) is none. */
export function isGap(point: Point): boolean {
  return point.p50_ms === null && (!point.coverage || point.failures > 0);
}

const isDrawn = (point: Point) => point.p50_ms !== null || isGap(point);

export type Lines = {
  /** Seconds, as uPlot wants them. */
  at: number[];
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
  phases: { phase: Phase; ms: (number | null)[]; sum: (number | null)[] }[];
};

export function linesOf(points: readonly Point[]): Lines {
  const drawn = points.filter(isDrawn);
  const sums = drawn.map((point): number | null => (point.p50_ms === null ? null : 0));
  const seen = PHASES.filter((phase) => drawn.some((point) => point.phases_ms[phase] !== null));
  const phases = seen.map((phase) => {
    const ms = drawn.map((point) => point.phases_ms[phase]);
    ms.forEach((value, index) => {
      const below = sums[index];
      if (below !== null && below !== undefined) sums[index] = below + (value ?? 0);
    });
    return { phase, ms, sum: [...sums] };
  });
  return {
    at: drawn.map((point) => Date.parse(point.at) / 1000),
    p50: drawn.map((point) => point.p50_ms),
    p95: drawn.map((point) => point.p95_ms),
    p99: drawn.map((point) => point.p99_ms),
    phases,
  };
}

/** Round ticks from 0 over the highest value; the last is the top of the axis. */
export function scaleOf(columns: readonly (readonly (number | null)[])[]): number[] {
  let top = 0;
  for (const column of columns) for (const value of column) top = Math.max(top, value ?? 0);
  return roundTicks(top > 0 ? top : 100);
}

export function lastOf(column: readonly (number | null)[]): number | null {
  return column.findLast((value) => value !== null) ?? null;
}

/** Points between two gaps: a line through one point is not seen, so they get a dot. */
export function lonePoints(column: readonly (number | null)[]): number[] {
  const empty = (index: number) => (column[index] ?? null) === null;
  return column.flatMap((value, index) => (value !== null && empty(index - 1) && empty(index + 1) ? [index] : []));
}

/** Push positions apart to `least`, in their order, and keep them between `top` and `bottom`. */
export function pushApart(wanted: readonly number[], least: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let free = top;
  for (const index of order) {
    placed[index] = Math.max(placed[index] ?? 0, free);
    free = (placed[index] ?? 0) + least;
  }
  let limit = bottom;
  for (const index of order.toReversed()) {
    placed[index] = Math.min(placed[index] ?? 0, limit);
    limit = (placed[index] ?? 0) - least;
  }
  return placed;
}

/** Stretches in which nothing was measured and no maintenance ran. */
export function gapsOf(points: readonly Point[], stepMs: number): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  for (const point of points) {
    const at = Date.parse(point.at);
    if (point.coverage || point.p50_ms !== null || point.count > 0 || point.maintenance > 0) continue;
    const last = gaps.at(-1);
    if (last && last.to === at) last.to = at + stepMs;
    else gaps.push({ from: at, to: at + stepMs });
  }
  return gaps;
}
