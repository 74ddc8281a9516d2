/** An update while it is written: kept until it is posted. */
import type { Incident, IncidentStatus, NewUpdate, PageOf } from "@/api/incidents";
import { isObject } from "@/api/problems";

export type Draft = {
  text: string;
  public: boolean;
  /** What it makes of the incident; null: it stays as it is. */
  status: IncidentStatus | null;
  pages: readonly number[];
};

export const STATUSES: readonly IncidentStatus[] = ["investigating", "identified", "monitoring", "resolved"];

export const draftKey = (id: number): string => `incident:${id}`;

/** Ticked at first: the pages that show the monitor. */
export function emptyDraft(pages: readonly PageOf[]): Draft {
  const shown = pages.filter((page) => page.shows).map((page) => page.id);
  return { text: "", public: false, status: null, pages: shown };
}

/** A draft of before; what is no draft, or names pages that are gone, is left out. */
export function restore(kept: unknown, pages: readonly PageOf[]): Draft {
  const empty = emptyDraft(pages);
  if (!isObject(kept)) return empty;
  const ids: unknown = kept.pages;
  return {
    text: typeof kept.text === "string" ? kept.text : "",
    public: kept.public === true,
    status: STATUSES.find((status) => status === kept.status) ?? null,
    pages: Array.isArray(ids) ? pages.map((page) => page.id).filter((id) => ids.includes(id)) : empty.pages,
  };
}

/** Nothing is sent that the server need not know: it refuses pages for what is not public. */
export function toUpdate(draft: Draft, incident: Pick<Incident, "status">): NewUpdate {
  const status = draft.status !== null && draft.status !== incident.status ? { status: draft.status } : {};
  const pages = draft.public ? { public: true, pages: [...draft.pages] } : {};
  return { text: draft.text.trim(), ...status, ...pages };
}

/** Can it be posted: something is written, and a public one has a page. */
export function isReady(draft: Draft): boolean {
  return draft.text.trim() !== "" && (!draft.public || draft.pages.length > 0);
}
