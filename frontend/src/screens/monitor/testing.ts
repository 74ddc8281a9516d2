/** Rows for tests: only what a test is about is given. */
import type { Monitor, Point, Result, Stats } from "./data/shapes";

export function resultOf({ first_byte_ms = 60, ...given }: Partial<Result> & { first_byte_ms?: number } = {}): Result {
  return {
    address: "192.0.2.7",
    checked_at: "2026-12-08T13:25:40Z",
    domain_expires_at: null,
    error: "",
    error_code: "",
    http_status: 200,
    http_version: "2",
    monitor: 7,
    region: "local",
    scheduled_at: "2026-12-08T13:25:40Z",
    size_bytes: 512,
    status: "up",
    timings: { dns_ms: 4, connect_ms: 10, tls_ms: 20, first_byte_ms, download_ms: 2, total_ms: 36 + first_byte_ms },
    tls_expires_at: null,
    ...given,
  };
}

export function monitorOf(given: Partial<Monitor> = {}): Monitor {
  return {
    config: { method: "GET" },
    incident: null,
    heartbeat: null,
    regions: [],
    regions_state: [],
    depends_on: [],
    status_since: null,
    created_at: "2026-01-01T00:00:00Z",
    id: 7,
    interval_s: 60,
    kind: "http",
    last_checked_at: "2026-12-08T13:25:40Z",
    last_result: null,
    name: "Checkout EU",
    no_data: null,
    ping_url: null,
    status: "up",
    tags: [],
    team: 1,
    uptime: { "24h": 1, "7d": 1, "30d": 1, "90d": 1 },
    url: "https://checkout.example/health",
    ...given,
  } as Monitor; // the config is a part of its kind's
}

const NO_PHASES = { dns: null, connect: null, tls: null, first_byte: null, download: null };

export function pointOf(minute: number, given: Partial<Point> = {}): Point {
  const at = new Date(Date.UTC(2026, 11, 8, 13, minute)).toISOString();
  const counts = { count: 1, failures: 0, degraded: 0, maintenance: 0 };
  return {
    at,
    coverage: 1,
    p50_ms: 100,
    p95_ms: 150,
    p99_ms: 200,
    uptime: 1,
    ...counts,
    phases_ms: NO_PHASES,
    ...given,
  };
}

export function statsOf({ firstByte, ...given }: Partial<Stats> & { firstByte?: number } = {}): Stats {
  const none = { p50: null, p95: null, p99: null };
  return {
    bands: [],
    checks: { up: 60, degraded: 0, down: 0, unknown: 0, maintenance: 0 },
    coverage: 1,
    days: [],
    downtime_s: 0,
    from: "2026-12-08T12:26:00Z",
    heat_map: [],
    incidents: 0,
    latency_ms: { avg: 110, max: 300, min: 80, p50: 100, p95: 150, p99: 200 },
    maintenance_s: 0,
    mtbf_s: null,
    mttr_s: null,
    phases_ms: {
      dns: none,
      connect: none,
      tls: none,
      first_byte: { p50: firstByte ?? null, p95: null, p99: null },
      download: none,
    },
    series: { step_s: 60, points: [pointOf(0), pointOf(1)] },
    timezone: "UTC",
    to: "2026-12-08T13:26:00Z",
    uptime: 1,
    window: "1h",
    ...given,
  };
}
