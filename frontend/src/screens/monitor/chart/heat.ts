/** The heat map: the median of each hour of the week, and the hours in which it went down. Pure. */
import type { Point, Stats } from "../data/shapes";

export type HeatCell = { ms: number | null; step: number; down: boolean };
export type Heat = { cells: HeatCell[][]; low: number; high: number };

export const STEPS = 5;
/** Hours that must be known: of fewer nothing can be said. */
const LEAST = 24;

/** Null where too little was measured. Rows from Monday, columns from 0 to 23 in the viewer's zone. `hours` are points of an hour each. */
export function heatOf(hours: readonly Point[], heatMap: Stats["heat_map"]): Heat | null {
  const values = week(() => [] as number[]);
  for (const { at, p50_ms } of hours) {
    if (p50_ms === null) continue;
    const date = new Date(at);
    values[weekday(date)]?.[date.getHours()]?.push(p50_ms);
  }
  const medians = values.map((row) => row.map(median));
  const known = medians.flat().filter((ms) => ms !== null);
  if (known.length < LEAST) return null;
  const sorted = known.toSorted((a, b) => a - b);
  // One hour that was 40 times as slow must not make all others look alike.
  const [low, high] = [sorted[0] ?? 0, sorted[Math.floor((sorted.length - 1) * 0.98)] ?? 0];
  const went = downHours(heatMap);
  const cells = medians.map((row, day) =>
    row.map((ms, hour) => ({ ms, step: stepOf(ms, low, high), down: went.has(`${day} ${hour}`) })),
  );
  return { cells, low, high };
}

function week<T>(make: () => T): T[][] {
  return Array.from({ length: 7 }, () => Array.from({ length: 24 }, make));
}

/** 0 is Monday. */
function weekday(date: Date): number {
  return (date.getDay() + 6) % 7;
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

/** 1 to `STEPS`; 0 is no data. */
export function stepOf(ms: number | null, low: number, high: number): number {
  if (ms === null) return 0;
  if (high <= low) return 1;
  return Math.min(STEPS, Math.max(1, 1 + Math.floor(((ms - low) / (high - low)) * STEPS)));
}

/** Hours of the week in which something was down: `heat_map` has the uptime of each local hour of each day. */
function downHours(heatMap: Stats["heat_map"]): Set<string> {
  const found = new Set<string>();
  for (const { on, hours } of heatMap) {
    const day = weekday(new Date(`${on}T12:00:00`));
    hours.forEach((uptime, hour) => {
      if (uptime !== null && uptime < 1) found.add(`${day} ${hour}`);
    });
  }
  return found;
}
