/** What the screen reads. Fields that an older server does not send are optional here, and what needs them is left out. */
import type { Schema } from "@/api/client";
import type { MonitorStatus } from "@/ui/State";

export type Result = Schema["Result"];
export type Incident = Schema["Incident"];
export type Ping = Schema["Ping"];
export type Slo = Schema["Slo"];

export type RegionState = {
  region: string;
  status: MonitorStatus | "unknown";
  since: string | null;
  last_result: Result | null;
};

export type HeartbeatState = { deadline_at: string | null; last_ping_at: string | null; started_at: string | null };

export type Monitor = Schema["Monitor"] & {
  status_since?: string | null;
  incident?: number | null;
  regions_state?: RegionState[];
  heartbeat?: HeartbeatState | null;
};

export type PhaseMedians = Partial<Record<string, number | null>>;

export type Point = Schema["Point"] & {
  /** Checks that measured: up, degraded or down. */
  count?: number;
  failures?: number;
  degraded?: number;
  maintenance?: number;
  phases_ms?: PhaseMedians;
};

export type Band = {
  kind: "incident" | "maintenance";
  id: number;
  from: string;
  /** Null while the incident is open. */
  to: string | null;
  title: string;
};

export type Stats = Omit<Schema["Stats"], "series" | "window"> & {
  window: string | null;
  series: { step_s: number; points: Point[] };
  bands?: Band[];
};

/** A field of the kind's config, if it is text (or a number). */
export function configText(monitor: Monitor, field: string): string {
  const config: Record<string, unknown> = { ...monitor.config };
  const value = config[field];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** When the monitor's certificate and domain end, as the newest check that saw them says. */
export function expiries(monitor: Monitor): { tls: string | null; domain: string | null } {
  const results = [monitor.last_result, ...(monitor.regions_state ?? []).map((one) => one.last_result)];
  const tls = results.find((one) => one?.tls_expires_at)?.tls_expires_at ?? null;
  const domain = results.find((one) => one?.domain_expires_at)?.domain_expires_at ?? null;
  return { tls, domain };
}
