/** Which stretch of time the charts show: one of the windows, or what was chosen by dragging. */

export const WINDOWS = ["1h", "24h", "7d", "30d", "90d", "365d"] as const;
export type Window = (typeof WINDOWS)[number];
export type Stretch = { window: Window } | { from: string; to: string };

const H = 3_600_000;
const SHORTEST_MS = 60_000;

export const LENGTH_MS: Record<Window, number> = {
  "1h": H,
  "24h": 24 * H,
  "7d": 7 * 24 * H,
  "30d": 30 * 24 * H,
  "90d": 90 * 24 * H,
  "365d": 365 * 24 * H,
};

/** What went down within the hour is 3 px wide in 24 h, and so is all that a monitor of this hour has. */
export function openingWindow(downSince: string | null, madeAt: string, now: number): Window {
  return now - Math.max(Date.parse(downSince ?? madeAt), Date.parse(madeAt)) < H ? "1h" : "24h";
}

/** The stretch in the address; `opening` where there is none, or none that can be read. */
export function stretchOf(query: URLSearchParams, opening: Window): Stretch {
  const [from, to] = [query.get("from") ?? "", query.get("to") ?? ""];
  if (Date.parse(to) - Date.parse(from) >= SHORTEST_MS) return { from, to };
  const window = WINDOWS.find((one) => one === query.get("window"));
  return { window: window ?? opening };
}

/** The address of a stretch: everything else in it is kept. */
export function withStretch(query: URLSearchParams, stretch: Stretch): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const key of ["window", "from", "to"]) next.delete(key);
  for (const [key, value] of Object.entries(stretch)) next.set(key, value);
  return next;
}

/** What was dragged over, as whole seconds, at least a minute long and not in the future. */
export function zoomTo(fromMs: number, toMs: number, now: number): { from: string; to: string } {
  const end = Math.min(Math.max(fromMs, toMs), now);
  const start = Math.min(fromMs, toMs, end - SHORTEST_MS);
  return { from: wholeSecond(start), to: wholeSecond(end) };
}

function wholeSecond(ms: number): string {
  return new Date(Math.round(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
