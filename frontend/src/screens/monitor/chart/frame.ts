/** Where the plot lies in its box, in CSS pixels: the same for the chart, the strip of checks and their one line. */

export const HEIGHT = 208;
export const TOP = 20;
export const BOTTOM = 24;
const LEFT = 48;
/** For the names beside the last point; a narrow chart has them inside. */
const RIGHT = 104;
const NARROW = 520;

export type Frame = { left: number; right: number; width: number; narrow: boolean; xOf: (ms: number) => number };

export function frameOf(width: number, from: number, to: number): Frame {
  const narrow = width < NARROW;
  const [left, right] = [narrow ? 36 : LEFT, narrow ? 4 : RIGHT];
  const plot = Math.max(1, width - left - right);
  const xOf = (ms: number) => left + ((ms - from) / Math.max(1, to - from)) * plot;
  return { left, right: left + plot, width, narrow, xOf };
}
