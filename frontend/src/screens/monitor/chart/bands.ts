/** What is tinted behind the chart: incidents, maintenance, slow spells; and which of their words have room. Pure. */
import { tellSpan } from "@/time";
import type { Words } from "@/words";
import { tellMoment } from "../data/why";
import type { Band, Point } from "../data/shapes";

export type Tint = { kind: "down" | "degraded" | "maintenance"; from: number; to: number; text: string };

/** In the order in which they are drawn. What is open ends at `now`. */
export function tintsOf(
  bands: readonly Band[],
  points: readonly Point[],
  { stepMs, now, words }: { stepMs: number; now: number; words: Words },
): Tint[] {
  const said = words.monitor.chart;
  const known = bands.map((band): Tint => {
    const from = Date.parse(band.from);
    const to = band.to === null ? now : Date.parse(band.to);
    if (band.kind === "maintenance") return { kind: "maintenance", from, to, text: words.states.maintenance };
    const text =
      band.to === null ? said.downSince(tellMoment(band.from, now, words)) : said.down(tellSpan(to - from, words.time));
    return { kind: "down", from, to, text };
  });
  const slow = slowSpells(points, stepMs).map(({ from, to }): Tint => ({
    kind: "degraded",
    from,
    to,
    text: said.slow(tellSpan(to - from, words.time)),
  }));
  return [...slow, ...known];
}

/** Runs of at least two steps in which most checks were slow and none failed. */
export function slowSpells(points: readonly Point[], stepMs: number): { from: number; to: number }[] {
  const spells: { from: number; to: number; steps: number }[] = [];
  for (const point of points) {
    const at = Date.parse(point.at);
    const slow = point.degraded * 2 > point.count && !point.failures;
    if (!slow) continue;
    const last = spells.at(-1);
    if (last && last.to === at) Object.assign(last, { to: at + stepMs, steps: last.steps + 1 });
    else spells.push({ from: at, to: at + stepMs, steps: 1 });
  }
  return spells.filter((spell) => spell.steps >= 2).map(({ from, to }) => ({ from, to }));
}

export type Placed = { text: string; kind: Tint["kind"]; x: number; end: boolean };

/** Words above the plot, the newest first; one that would touch another is left out. `widthOf` measures a text. */
export function placeTexts(
  tints: readonly Tint[],
  xOf: (ms: number) => number,
  { left, right, widthOf }: { left: number; right: number; widthOf: (text: string) => number },
): Placed[] {
  const placed: (Placed & { a: number; b: number })[] = [];
  for (const tint of [...tints].sort((a, b) => b.to - a.to)) {
    const [from, to] = [Math.max(left, xOf(tint.from)), Math.min(right, xOf(tint.to))];
    if (to < left || from > right) continue;
    const width = widthOf(tint.text);
    const end = from + width > right;
    const [a, b] = end ? [to - width, to] : [from, from + width];
    if (a < left - 1 || placed.some((one) => a < one.b + 12 && b > one.a - 12)) continue;
    placed.push({ text: tint.text, kind: tint.kind, x: end ? to : from, end, a, b });
  }
  return placed.map(({ text, kind, x, end }) => ({ text, kind, x, end }));
}
