/** What the palette finds, and how. Pure. */
import type { IconName } from "@/ui/Icon";
import type { MonitorStatus } from "@/ui/State";
import { folded } from "@/words/folded";

export type GroupName = "thisMonitor" | "goTo" | "create" | "other";

export type Entry = {
  key: string;
  group: GroupName;
  name: string;
  detail?: string;
  /** Other words that find it: of the other language, and synonyms. */
  also?: string;
  icon?: IconName;
  status?: MonitorStatus;
  keys?: readonly string[];
  run: () => void;
  /** Shown only when something is typed: there may be a thousand of them. */
  onlyTyped?: boolean;
};

export type Group = { name: GroupName; entries: readonly Entry[] };

const ORDER: readonly GroupName[] = ["thisMonitor", "goTo", "create", "other"];
const MOST = 8;

/** 3: the name begins with it; 2: a word of the name does; 1: it is somewhere; 0: not at all. */
export function rank(entry: Entry, text: string): number {
  const name = folded(entry.name);
  if (name.startsWith(text)) return 3;
  if (name.includes(` ${text}`)) return 2;
  const more = `${name} ${folded(`${entry.detail ?? ""} ${entry.also ?? ""}`)}`;
  return text.split(/\s+/).every((word) => more.includes(word)) ? 1 : 0;
}

export function find(entries: readonly Entry[], typed: string): Group[] {
  const text = folded(typed.trim());
  const ranked = entries
    .map((entry) => ({ entry, rank: text === "" ? (entry.onlyTyped ? 0 : 1) : rank(entry, text) }))
    .filter((one) => one.rank > 0);
  return ORDER.flatMap((name) => {
    const of = ranked.filter((one) => one.entry.group === name).sort((a, b) => b.rank - a.rank);
    return of.length === 0 ? [] : [{ name, entries: of.slice(0, MOST).map((one) => one.entry) }];
  });
}

/** The name in parts, the typed one marked. */
export function highlight(name: string, typed: string): { text: string; found: boolean }[] {
  const text = typed.trim();
  const at = text === "" ? -1 : name.toLowerCase().indexOf(text.toLowerCase());
  if (at < 0) return [{ text: name, found: false }];
  return [
    { text: name.slice(0, at), found: false },
    { text: name.slice(at, at + text.length), found: true },
    { text: name.slice(at + text.length), found: false },
  ].filter((part) => part.text !== "");
}
