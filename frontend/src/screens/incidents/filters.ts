/** Which incidents are shown: in the address, so that it can be sent to somebody. Pure. */
import type { Query, Which } from "@/api/incidents";

export type Filters = { which: Which; monitor: number | null };

export const WHICH: readonly Which[] = ["all", "open", "resolved"];

export function readFilters(query: URLSearchParams): Filters {
  const which = query.get("show");
  const monitor = query.get("monitor") ?? "";
  return {
    which: WHICH.find((one) => one === which) ?? "all",
    monitor: /^\d+$/.test(monitor) ? Number(monitor) : null,
  };
}

/** What is as usual is left out. */
export function writeFilters({ which, monitor }: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (which !== "all") query.set("show", which);
  if (monitor !== null) query.set("monitor", String(monitor));
  return query;
}

export function toQuery({ which, monitor }: Filters, team: number): Query {
  return {
    team,
    ...(which === "all" ? {} : { open: which === "open" }),
    ...(monitor === null ? {} : { monitor }),
  };
}

export const isFiltered = ({ which, monitor }: Filters): boolean => which !== "all" || monitor !== null;
