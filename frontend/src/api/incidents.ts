/** Incidents: what their screens ask for, and what they change. */
import { api, ask, read, type Schema } from "./client";

export type Incident = Schema["Incident"];
export type IncidentRow = Schema["IncidentRow"];
export type Result = Schema["Result"];
export type IncidentStatus = Incident["status"];
export type Severity = Incident["severity"];
export type Entry = Incident["timeline"][number];
export type Told = Incident["deliveries"][number];
export type Planned = Incident["planned"][number];
export type Withheld = Incident["withheld"][number];
/** A status page that can tell of it. */
export type PageOf = Incident["pages"][number];

export type Which = "all" | "open" | "resolved";

export type Query = { team: number; open?: boolean; monitor?: number; cursor?: string; page_size?: number };

export type IncidentList = { rows: readonly IncidentRow[]; next: string | null };

export async function readIncidents(query: Query): Promise<IncidentList> {
  const page = await read(api.GET("/api/v1/incidents/", { params: { query: { page_size: 50, ...query } } }));
  return { rows: page.results, next: cursorOf(page.next ?? null) };
}

/** The cursor in the address of the next page. */
export function cursorOf(next: string | null): string | null {
  return next === null ? null : new URLSearchParams(next.slice(next.indexOf("?"))).get("cursor");
}

export const readIncident = (id: number): Promise<Incident> =>
  read(api.GET("/api/v1/incidents/{id}/", { params: { path: { id } } }));

const of = (id: number) => ({ params: { path: { id } } });

export const acknowledge = (id: number) => ask(api.POST("/api/v1/incidents/{id}/acknowledge", of(id)));

export const resolve = (id: number, text: string) =>
  ask(api.POST("/api/v1/incidents/{id}/resolve", { ...of(id), body: text ? { text } : {} }));

export const changeSeverity = (id: number, severity: Severity) =>
  ask(api.PATCH("/api/v1/incidents/{id}/", { ...of(id), body: { severity } }));

export type NewUpdate = { text: string; status?: IncidentStatus; public?: boolean; pages?: number[] };

export const postUpdate = (id: number, update: NewUpdate) =>
  ask(api.POST("/api/v1/incidents/{id}/updates", { ...of(id), body: update }));
