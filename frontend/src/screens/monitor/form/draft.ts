/** What is typed, kept in this tab until it is saved: a reload, a new version, a click elsewhere lose nothing.
 *  Secrets are not kept: they would lie in the browser's storage in the clear. */
import { dropDraft, keepDraft, readDraft } from "@/session/memory";
import { type Field, type Values, withoutSecrets } from "./fields";

/** `base` and `version`: the monitor as it was when the draft began, to tell what others changed meanwhile. */
export type Draft = { kind: string; typed: Values; base: Values | null; version: string | null; at: string };

export const draftKey = (id: number | null): string => `monitor:${id ?? "new"}`;

export function saveDraft(id: number | null, draft: Draft, fields: readonly Field[]): void {
  keepDraft(draftKey(id), { ...draft, typed: openOnly(draft.typed, fields) });
}

/** Values of other kinds stay, as long as they are plain texts and lists. */
function openOnly(typed: Values, fields: readonly Field[]): Values {
  const known = new Map(fields.map((field) => [field.path, field]));
  return Object.fromEntries(
    Object.entries(typed).flatMap(([path, value]) => {
      const field = known.get(path);
      if (field) return [[path, withoutSecrets(field, value)]];
      return typeof value === "object" && value !== null && !Array.isArray(value) ? [] : [[path, value]];
    }),
  );
}

/** Null where there is none, or one of an older form of drafts. */
export function loadDraft(id: number | null): Draft | null {
  const draft = readDraft(draftKey(id)) as Partial<Draft> | null;
  if (!draft || typeof draft !== "object" || typeof draft.kind !== "string" || typeof draft.at !== "string")
    return null;
  if (typeof draft.typed !== "object") return null;
  return {
    kind: draft.kind,
    typed: draft.typed,
    base: draft.base ?? null,
    version: draft.version ?? null,
    at: draft.at,
  };
}

export function forgetDraft(id: number | null): void {
  dropDraft(draftKey(id));
}
