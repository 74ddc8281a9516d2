/** The tab tells trouble: the title counts what is down, the icon turns red. */
import { useEffect, useSyncExternalStore } from "react";
import { useWords } from "@/words";

export type Trouble = { down: number; degraded: number; openIncidents: number };

const NONE: Trouble = { down: 0, degraded: 0, openIncidents: 0 };
let trouble: Trouble = NONE;
const listeners = new Set<() => void>();

export function tellTrouble(next: Trouble): void {
  const same = (Object.keys(NONE) as (keyof Trouble)[]).every((key) => next[key] === trouble[key]);
  if (same) return;
  trouble = next;
  listeners.forEach((listener) => listener());
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useTrouble(): Trouble {
  return useSyncExternalStore(
    subscribe,
    () => trouble,
    () => NONE,
  );
}

/** "3 down – Monitors – SentryPulse" */
export function useTabTitle(title: string): string {
  const { down } = useTrouble();
  const words = useWords();
  const parts = [down > 0 ? words.overview.trouble.title(down) : "", title, words.product];
  return parts.filter(Boolean).join(" – ");
}

export function useFavicon(): void {
  const { down, degraded } = useTrouble();
  const icon = down > 0 ? "down" : degraded > 0 ? "degraded" : "up";
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (link) link.href = `/icons/${icon}.svg`;
  }, [icon]);
}
