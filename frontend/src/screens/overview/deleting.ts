/** Which monitors somebody is asked about before they are deleted: the menu of a row and the bar of a selection ask
 *  through the same dialog. */
import { useSyncExternalStore } from "react";

const NONE: readonly number[] = [];
let asked: readonly number[] = NONE;
const listeners = new Set<() => void>();

export function askToDelete(ids: readonly number[]): void {
  asked = ids;
  listeners.forEach((listener) => listener());
}

export const stopAsking = () => askToDelete(NONE);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useAskedToDelete(): readonly number[] {
  return useSyncExternalStore(
    subscribe,
    () => asked,
    () => NONE,
  );
}
