/** One clock for all that shows "12 min ago": it ticks each second while somebody looks. */
import { useSyncExternalStore } from "react";

let now = Date.now();
let ticking: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    if (document.hidden) return;
    now = Date.now();
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
    if (!ticking) now = Date.now();
    return Math.floor(now / everyMs) * everyMs;
  };
  return useSyncExternalStore(subscribe, read, () => 0);
}
