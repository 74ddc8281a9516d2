/** What the screen asks the server, and how often. */
import { keepPreviousData, useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { api, read } from "@/api/client";
import { serverNow, viewersZone } from "@/time";
import type { Monitor, Point, Stats } from "./shapes";
import { LENGTH_MS, type Stretch } from "./windows";

const POLL_MS = 10_000;
const SELDOM_MS = 60_000;
const H = 3_600_000;

export const pathOf = (id: number) => ({ path: { id } });

export function useMonitor(id: number | null): UseQueryResult<Monitor> {
  return useQuery({
    queryKey: ["monitor", id],
    queryFn: () => read(api.GET("/api/v1/monitors/{id}/", { params: pathOf(id ?? 0) })),
    enabled: id !== null,
    refetchInterval: POLL_MS,
  });
}

export function useStats(id: number, stretch: Stretch): UseQueryResult<Stats> {
  const short = "window" in stretch && LENGTH_MS[stretch.window] <= 24 * H;
  return useQuery({
    queryKey: ["monitor", id, "stats", stretch],
    queryFn: () => readStats(id, stretch),
    placeholderData: keepPreviousData,
    refetchInterval: "window" in stretch ? (short ? 20_000 : 5 * SELDOM_MS) : false,
  });
}

function readStats(id: number, stretch: Stretch): Promise<Stats> {
  const query = { ...stretch, timezone: viewersZone() };
  return read(api.GET("/api/v1/monitors/{id}/stats", { params: { ...pathOf(id), query } }));
}

/** Thirty days in points of an hour: such points are given for at most eight days at once. */
export function useHours(id: number, wanted: boolean): { hours: Point[]; heatMap: Stats["heat_map"]; ready: boolean } {
  const [until] = useState(() => Math.floor(serverNow() / H) * H);
  const pieces = [0, 1, 2, 3].map((index) => ({
    from: until - (index + 1) * 7.5 * 24 * H,
    to: until - index * 7.5 * 24 * H,
  }));
  const month = useQuery({
    queryKey: ["monitor", id, "stats", { window: "30d" }],
    queryFn: () => readStats(id, { window: "30d" }),
    enabled: wanted,
    staleTime: H,
  });
  const hours = useQueries({
    queries: pieces.map(({ from, to }) => ({
      queryKey: ["monitor", id, "hours", from],
      queryFn: () => readStats(id, { from: new Date(from).toISOString(), to: new Date(to).toISOString() }),
      enabled: wanted,
      staleTime: H,
    })),
    combine: (all) => ({
      points: all.flatMap(({ data }) => (data?.series.step_s === 3600 ? data.series.points : [])),
      pending: all.some((one) => one.isPending),
    }),
  });
  return { hours: hours.points, heatMap: month.data?.heat_map ?? [], ready: !hours.pending && !month.isPending };
}

export function useResults(id: number, { size, until }: { size: number; until: string | null }) {
  return useQuery({
    queryKey: ["monitor", id, "results", size, until],
    queryFn: () =>
      read(
        api.GET("/api/v1/monitors/{id}/results", {
          params: { ...pathOf(id), query: { page_size: size, ...(until && { until }) } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: until ? false : POLL_MS,
  });
}

export function usePings(id: number, size: number) {
  return useQuery({
    queryKey: ["monitor", id, "pings", size],
    queryFn: () =>
      read(api.GET("/api/v1/monitors/{id}/pings", { params: { ...pathOf(id), query: { page_size: size } } })),
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });
}

export function useIncidents(id: number) {
  return useQuery({
    queryKey: ["monitor", id, "incidents"],
    queryFn: () =>
      read(
        api.GET("/api/v1/incidents/", { params: { query: { monitor: id, ordering: "-started_at", page_size: 5 } } }),
      ),
    refetchInterval: POLL_MS,
  });
}

export function useSlos(monitor: Monitor) {
  const slos = useQuery({
    queryKey: ["slos", monitor.team],
    queryFn: () =>
      read(
        api.GET("/api/v1/slos/", {
          params: { query: { page_size: 100, team: monitor.team } },
        }),
      ),
    staleTime: SELDOM_MS,
    refetchInterval: SELDOM_MS,
  });
  const own = slos.data?.results.filter((slo) => {
    const byTag = !!slo.tag && monitor.tags.includes(slo.tag);
    return slo.monitor === monitor.id || byTag;
  });
  return own ?? [];
}

/** Rules and channels of the team, and what was told last of this monitor. */
export function useTelling(monitor: Monitor) {
  const team = { team: monitor.team };
  const rules = useQuery({
    queryKey: ["alert-rules", monitor.team],
    queryFn: () => read(api.GET("/api/v1/alert-rules/", { params: { query: { page_size: 100, ...team } } })),
    staleTime: SELDOM_MS,
  });
  const channels = useQuery({
    queryKey: ["channels", monitor.team],
    queryFn: () => read(api.GET("/api/v1/channels/", { params: { query: { page_size: 100, ...team } } })),
    staleTime: SELDOM_MS,
  });
  const last = useQuery({
    queryKey: ["monitor", monitor.id, "deliveries"],
    queryFn: () =>
      read(
        api.GET("/api/v1/deliveries/", { params: { query: { monitor: monitor.id, ordering: "-id", page_size: 1 } } }),
      ),
    refetchInterval: SELDOM_MS,
  });
  return { rules: rules.data?.results, channels: channels.data?.results, last: last.data?.results[0] };
}

export function useMaintenance(monitor: Monitor) {
  return useQuery({
    queryKey: ["maintenance", monitor.team],
    queryFn: () =>
      read(
        api.GET("/api/v1/maintenance/", {
          params: { query: { page_size: 100, ordering: "-ends_at", team: monitor.team } },
        }),
      ),
    staleTime: SELDOM_MS,
    refetchInterval: SELDOM_MS,
  });
}

export function useStatusPages(monitor: Monitor) {
  return useQuery({
    queryKey: ["status-pages", monitor.team],
    queryFn: () =>
      read(
        api.GET("/api/v1/status-pages/", {
          params: { query: { page_size: 100, team: monitor.team } },
        }),
      ),
    staleTime: 5 * SELDOM_MS,
  });
}

/** The monitors that this one depends on, with their states. */
export function useDependencies(ids: readonly number[]): Monitor[] {
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ["monitor", id],
      queryFn: () => read(api.GET("/api/v1/monitors/{id}/", { params: pathOf(id) })),
      staleTime: SELDOM_MS,
      refetchInterval: SELDOM_MS,
    })),
    combine: (all) => all.flatMap((one) => (one.data ? [one.data] : [])),
  });
}
