/** What may be opened over every screen: the palette and the list of keys. */
import { useSyncExternalStore } from "react";

export type Overlay = "none" | "palette" | "keys";

let overlay: Overlay = "none";
const listeners = new Set<() => void>();

function open(next: Overlay): void {
  overlay = next;
  listeners.forEach((listener) => listener());
}

export const openPalette = () => open("palette");
export const openKeys = () => open("keys");
export const closeOverlay = () => open("none");

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useOverlay(): Overlay {
  return useSyncExternalStore(
    subscribe,
    () => overlay,
    () => "none",
  );
}
