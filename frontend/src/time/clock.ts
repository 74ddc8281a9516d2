/** One clock for all that shows "12 min ago": it ticks each second while somebody looks. */
import { useSyncExternalStore } from "react";

let ahead = 0;

/** Answers may come from the browser's cache, a minute old: less is not told apart. */
const TOLERATED_MS = 2 * 60_000;

/** `Date` of an answer: by it "12 min ago" is right on a computer whose clock is hours off. */
export function noteServerTime(date: string | null): void {
  const by = Date.now() - Date.parse(date ?? "");
  if (!Number.isNaN(by)) ahead = Math.abs(by) < TOLERATED_MS ? 0 : by;
}

/** Now in ms, by the clock of the server, whose instants are shown. */
export const serverNow = (): number => Date.now() - ahead;

let now = serverNow();
let ticking: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    if (document.hidden) return;
    now = serverNow();
    listeners.forEach((one) => one());
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** Milliseconds, to `everyMs`: what shows minutes is not drawn anew each second. */
export function useNow(everyMs = 1000): number {
  const read = () => {
    if (!ticking) now = serverNow();
    return Math.floor(now / everyMs) * everyMs;
  };
  return useSyncExternalStore(subscribe, read, () => 0);
}
