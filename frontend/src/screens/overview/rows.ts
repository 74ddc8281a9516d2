/** Which rows are shown, in which order, under which heads. Pure. */
import type { OverviewRow } from "@/api/overview";
import type { MonitorStatus } from "@/ui/State";
import type { Words } from "@/words";
import { folded } from "@/words/folded";

export const SORTS = ["trouble", "name", "response", "uptime"] as const;
export type Sort = (typeof SORTS)[number];

export type Filters = {
  text: string;
  states: ReadonlySet<MonitorStatus>;
  tags: ReadonlySet<string>;
  sort: Sort;
};

/** In the order of the chips, which is the order of trouble. */
export const STATES: readonly MonitorStatus[] = [
  "down",
  "degraded",
  "no_data",
  "maintenance",
  "pending",
  "paused",
  "up",
];
const TROUBLE = new Set<MonitorStatus>(["down", "degraded", "no_data", "maintenance"]);

export type Group = "attention" | "pending" | "up" | "paused";
export type Item =
  { kind: "group"; key: string; group: Group; count: number } | { kind: "row"; key: string; row: OverviewRow };

export function readFilters(query: URLSearchParams): Filters {
  const sort = query.get("sort");
  return {
    text: query.get("q") ?? "",
    states: new Set(
      query.getAll("status").filter((one): one is MonitorStatus => STATES.includes(one as MonitorStatus)),
    ),
    tags: new Set(query.getAll("tag")),
    sort: SORTS.find((one) => one === sort) ?? "trouble",
  };
}

/** As they stand in the address: what is as usual is left out. */
export function writeFilters(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.text) query.set("q", filters.text);
  for (const state of filters.states) query.append("status", state);
  for (const tag of filters.tags) query.append("tag", tag);
  if (filters.sort !== "trouble") query.set("sort", filters.sort);
  return query;
}

export function isFiltered(filters: Filters): boolean {
  return filters.text !== "" || filters.states.size > 0 || filters.tags.size > 0;
}

/** With `one` where it was missing, without it where it was there. */
export function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** Everything is shown, in the order chosen. */
export function withoutFilters({ sort }: Filters): Filters {
  return { text: "", states: new Set(), tags: new Set(), sort };
}

/** Every word of the text must be in the name, the target or a tag. */
export function matches(row: OverviewRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = folded(`${row.name}\n${row.target}\n${row.tags.join("\n")}`);
  return words.every((word) => text.includes(word));
}

export function filterRows(rows: Iterable<OverviewRow>, filters: Filters): OverviewRow[] {
  const words = folded(filters.text).split(/\s+/).filter(Boolean);
  return Array.from(rows).filter(
    (row) =>
      (filters.states.size === 0 || filters.states.has(row.status)) &&
      (filters.tags.size === 0 || row.tags.some((tag) => filters.tags.has(tag))) &&
      matches(row, words),
  );
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const byName = (a: OverviewRow, b: OverviewRow) => collator.compare(a.name, b.name) || a.id - b.id;

/** The worst first, and of those the newest. */
function byTrouble(a: OverviewRow, b: OverviewRow): number {
  const worse = STATES.indexOf(a.status) - STATES.indexOf(b.status);
  return worse || Date.parse(b.since ?? "") - Date.parse(a.since ?? "") || byName(a, b);
}

/** What has no figure is last, whichever way. */
const ORDERS: Record<Exclude<Sort, "trouble">, (a: OverviewRow, b: OverviewRow) => number> = {
  name: byName,
  response: (a, b) => (responseOf(b) ?? -1) - (responseOf(a) ?? -1) || byName(a, b),
  uptime: (a, b) => (a.uptime_30d ?? 2) - (b.uptime_30d ?? 2) || byName(a, b),
};

function groupOf(row: OverviewRow): Group {
  if (TROUBLE.has(row.status)) return "attention";
  return row.status === "up" || row.status === "pending" || row.status === "paused" ? row.status : "attention";
}

const GROUPS: readonly Group[] = ["attention", "pending", "up", "paused"];

export function arrange(rows: readonly OverviewRow[], sort: Sort): Item[] {
  if (sort !== "trouble") return rows.toSorted(ORDERS[sort]).map(toItem);
  const parts = new Map<Group, OverviewRow[]>(GROUPS.map((group) => [group, []]));
  for (const row of rows) parts.get(groupOf(row))?.push(row);
  return GROUPS.flatMap((group) => {
    const part = parts.get(group) ?? [];
    if (part.length === 0) return [];
    part.sort(group === "attention" ? byTrouble : byName);
    return [{ kind: "group" as const, key: group, group, count: part.length }, ...part.map(toItem)];
  });
}

function toItem(row: OverviewRow): Item {
  return { kind: "row", key: String(row.id), row };
}

/** Checks in an hour, as they are set: heartbeats are not checked, the paused neither. */
export function checksAnHour(rows: Iterable<OverviewRow>): number {
  let checks = 0;
  for (const row of rows)
    if (row.enabled && row.kind !== "heartbeat" && row.interval_s) checks += 3600 / row.interval_s;
  return Math.round(checks);
}

/** Of the newest check, in ms. A heartbeat answers nothing: what it sends is how long its job ran. */
export function responseOf(row: OverviewRow): number | null {
  return row.kind === "heartbeat" ? null : row.response_ms;
}

/** An address without what all have: "https://www.example.com/" is "www.example.com"; of a heartbeat its schedule. */
export function tellTarget({ kind, target }: Pick<OverviewRow, "kind" | "target">, words: Words): string {
  if (kind === "heartbeat") return words.fromServer(target);
  return target.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

/** A reason as a line of the list: without its last full stop. */
export function tellReason(reason: string, words: Words): string {
  return words.fromServer(reason).replace(/\.$/, "");
}
