/** What the screen reads, by short names, and what is found in it. */
import type { Schema } from "@/api/client";

export type Monitor = Schema["Monitor"];
export type Result = Schema["Result"];
export type Incident = Schema["IncidentRow"];
export type Ping = Schema["Ping"];
export type Slo = Schema["Slo"];
export type RegionState = Schema["RegionState"];
export type Stats = Schema["Stats"];
export type Point = Schema["Point"];
export type Band = Schema["Band"];

/** A field of the kind's config, if it is text or a number; "" where the kind has none of that name. */
export function configText(monitor: Monitor, field: string): string {
  const config: Record<string, unknown> = { ...monitor.config };
  const value = config[field];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** When the monitor's certificate and domain end, as its newest check found. */
export function expiries({ last_result }: Monitor): { tls: string | null; domain: string | null } {
  return { tls: last_result?.tls_expires_at ?? null, domain: last_result?.domain_expires_at ?? null };
}
