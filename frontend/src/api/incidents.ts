/** Incidents as their screens read them. A server that does not tell the newer parts yet still fills a screen. */
import { api, type Answer, ask, read, type Schema } from "./client";

type Stored = Schema["Incident"];
export type Author = Schema["Author"];
export type Withheld = Schema["Withheld"];
export type Result = Schema["Result"];
export type IncidentStatus = Stored["status"];
export type Severity = Stored["severity"];

export type SaidOn = { id: number; title: string; post: number; public: boolean; subscribers_told: number };

export type Entry = {
  kind: "opened" | "finding" | "note" | "acknowledged" | "resolved" | "post" | "told";
  at: string;
  by: "machine" | "person";
  author: Author | null;
  text: string;
  status: IncidentStatus | null;
  public: boolean;
  pages: readonly SaidOn[];
  deliveries: readonly number[];
};

export type Told = {
  id: number;
  channel_name: string;
  channel_kind: string | null;
  event: string;
  status: string;
  reason: string;
  planned_at: string;
  due_at: string | null;
  attempts: number;
  settled_at: string | null;
  answer_status: number | null;
  answer: string;
};

export type Planned = {
  at: string;
  event: string;
  channel: number;
  channel_name: string;
  channel_kind: string | null;
  rule: string;
  unless: "acknowledged" | "over";
};

export type PageOf = {
  id: number;
  title: string;
  slug: string;
  visibility: string;
  shows: boolean;
  subscribers: number;
};

export type IncidentRow = Omit<Stored, "cause" | "updates" | "withheld"> & {
  cause: Result | null;
  withheld: readonly Withheld[];
  /** Null: the server does not tell. */
  monitor_name: string | null;
  told: number | null;
};

export type Incident = IncidentRow & {
  timeline: readonly Entry[];
  deliveries: readonly Told[];
  planned: readonly Planned[];
  pages: readonly PageOf[];
};

type Update = { at: string; status: IncidentStatus; text: string; author: Author | null };
type Answered = IncidentRow & Partial<Incident> & { updates?: readonly Update[] };

const asAnswered = (body: unknown) => body as Answered;

export function completeRow(body: unknown): IncidentRow {
  const row = asAnswered(body);
  return {
    ...row,
    monitor_name: row.monitor_name ?? null,
    told: row.told ?? null,
  };
}

export function completeIncident(body: unknown): Incident {
  const incident = asAnswered(body);
  return {
    ...completeRow(incident),
    timeline: incident.timeline ?? fromUpdates(incident.updates ?? [], incident),
    deliveries: incident.deliveries ?? [],
    planned: incident.planned ?? [],
    pages: incident.pages ?? [],
  };
}

/** The timeline of a server that tells updates alone: what people and the checks said. */
function fromUpdates(updates: readonly Update[], incident: IncidentRow): Entry[] {
  const entries = updates.map((update, index): Entry => ({
    ...update,
    kind: kindOf(update, index, incident),
    by: update.author ? "person" : "machine",
    public: false,
    pages: [],
    deliveries: [],
  }));
  return entries.reverse();
}

function kindOf(update: Update, index: number, incident: IncidentRow): Entry["kind"] {
  if (index === 0) return "opened";
  if (update.status === "resolved") return "resolved";
  if (update.at === incident.acknowledged_at) return "acknowledged";
  return update.author ? "note" : "finding";
}

export type Which = "all" | "open" | "resolved";

export type Query = { team: number; open?: boolean; monitor?: number; cursor?: string; page_size?: number };

export type IncidentList = { rows: readonly IncidentRow[]; next: string | null };

export async function readIncidents(query: Query): Promise<IncidentList> {
  const page = await read(api.GET("/api/v1/incidents/", { params: { query: { page_size: 50, ...query } } }));
  return { rows: page.results.map(completeRow), next: cursorOf(page.next ?? null) };
}

/** The cursor in the address of the next page. */
export function cursorOf(next: string | null): string | null {
  return next === null ? null : new URLSearchParams(next.slice(next.indexOf("?"))).get("cursor");
}

export async function readIncident(id: number): Promise<Incident> {
  return completeIncident(await read(api.GET("/api/v1/incidents/{id}/", { params: { path: { id } } })));
}

async function answered(call: Parameters<typeof ask<Stored>>[0]): Promise<Answer<Incident>> {
  const answer = await ask(call);
  return answer.ok ? { ...answer, data: completeIncident(answer.data) } : answer;
}

const of = (id: number) => ({ params: { path: { id } } });

export const acknowledge = (id: number) => answered(api.POST("/api/v1/incidents/{id}/acknowledge", of(id)));

export const resolve = (id: number, text: string) =>
  answered(api.POST("/api/v1/incidents/{id}/resolve", { ...of(id), body: text ? { text } : {} }));

export const changeSeverity = (id: number, severity: Severity) =>
  answered(api.PATCH("/api/v1/incidents/{id}/", { ...of(id), body: { severity } }));

export type NewUpdate = { text: string; status?: IncidentStatus; public?: boolean; pages?: number[] };

export const postUpdate = (id: number, update: NewUpdate) =>
  answered(api.POST("/api/v1/incidents/{id}/updates", { ...of(id), body: update }));
