/** Whether what is shown is live: told by those who poll, shown in the header and as a bar when we are offline. */
import { useSyncExternalStore } from "react";

export type Live = {
  state: "connecting" | "live" | "offline";
  /** When the server last answered, in ms. */
  at: number | null;
  /** When it is asked again while it does not answer, in ms. */
  nextTryAt: number | null;
  tryNow: (() => void) | null;
};

const START: Live = { state: "connecting", at: null, nextTryAt: null, tryNow: null };
let live: Live = START;
const listeners = new Set<() => void>();

export function tellLive(next: Partial<Live>): void {
  live = { ...live, ...next };
  listeners.forEach((listener) => listener());
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useLive(): Live {
  return useSyncExternalStore(
    subscribe,
    () => live,
    () => START,
  );
}
