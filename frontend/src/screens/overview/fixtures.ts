import type { OverviewRow } from "@/api/overview";

/** A monitor of the list for tests: up, without anything else. */
export function makeRow(given: Partial<OverviewRow> = {}): OverviewRow {
  return {
    id: 1,
    team: 1,
    name: "Shop",
    kind: "http",
    target: "https://shop.example/health",
    status: "up",
    since: "2026-12-08T13:00:00Z",
    reason: "",
    incident: null,
    enabled: true,
    maintenance: null,
    tags: [],
    interval_s: 60,
    response_ms: 120,
    uptime_24h: 1,
    uptime_30d: 0.9999,
    slo: null,
    ...given,
  };
}
