/** What the form holds: what was stored, what was typed over it, and what the server said of it. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Faults, Problem } from "@/api/problems";
import { type Draft, forgetDraft, loadDraft, saveDraft } from "./draft";
import { mergeFaults, withoutFaults } from "./faults";
import { defaultsOf, type Field, fieldsOf, isWanted, type KindForm, type Value, type Values, valuesOf } from "./fields";
import { changedPaths, hintName } from "./model";
import type { Stored } from "./useKinds";
import { serverNow } from "@/time";

const DRAFT_AFTER_MS = 400;

type Start = {
  kinds: readonly KindForm[];
  id: number | null;
  stored: Stored | null;
  kind: string | null;
  url: string | null;
};

type Held = { kind: string; typed: Values; base: Values | null; version: string | null; restoredAt: string | null };

/** A draft of this tab goes on; else what is stored, or the defaults. */
function begin({ kinds, id, stored, kind, url }: Start): Held {
  const draft = loadDraft(id);
  const first = kinds[0]?.kind ?? "";
  const known = (name: string | null) => kinds.find((one) => one.kind === name)?.kind;
  if (stored) {
    const form = kinds.find((one) => one.kind === stored.kind);
    const base = form ? valuesOf(fieldsOf(form), stored) : {};
    if (draft?.base)
      return { kind: stored.kind, typed: draft.typed, base: draft.base, version: draft.version, restoredAt: draft.at };
    return { kind: stored.kind, typed: {}, base, version: stored.version, restoredAt: null };
  }
  const asked = known(kind);
  if (draft && (!asked || asked === draft.kind) && !url)
    return { kind: known(draft.kind) ?? first, typed: draft.typed, base: null, version: null, restoredAt: draft.at };
  return { kind: asked ?? first, typed: url ? { url } : {}, base: null, version: null, restoredAt: null };
}

export type FormState = ReturnType<typeof useForm>;

export function useForm(start: Start) {
  const { kinds, id } = start;
  const [held, setHeld] = useState(() => begin(start));
  const [faults, setFaults] = useState<Faults>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const form = kinds.find((one) => one.kind === held.kind) ?? kinds[0];
  const fields = useMemo(() => (form ? fieldsOf(form) : []), [form]);
  const defaults = useMemo(() => defaultsOf(fields), [fields]);
  const base = held.base ?? defaults;
  const values = useMemo(() => valuesFor(fields, base, held.typed), [fields, base, held.typed]);
  const changed = useMemo(() => changedPaths(fields, base, values), [fields, base, values]);
  const hint = form ? hintName(form, values) : "";
  const draftAt = useDraft(id, held, fields, changed.size > 0);

  const type = useCallback((path: string, value: Value) => {
    setHeld((now) => ({ ...now, typed: { ...now.typed, [path]: value } }));
    setFaults((now) => withoutFaults(now, path));
  }, []);
  const choose = useCallback((kind: string) => {
    setHeld((now) => ({ ...now, kind }));
    setFaults({});
    setProblem(null);
  }, []);
  const open = useCallback((path: string) => setOpened((now) => new Set([...now, path])), []);
  const addFaults = useCallback((now: Faults, touched: (path: string) => boolean) => {
    setFaults((before) => mergeFaults(before, now, touched));
  }, []);
  /** Go on from another stored state: what is typed stays, or with `drop` goes. */
  const rebase = useCallback((theirs: Values, version: string, drop: boolean) => {
    setHeld((now) => ({ ...now, base: theirs, version, typed: drop ? {} : now.typed, restoredAt: null }));
    setProblem(null);
  }, []);
  const startAnew = useCallback(() => {
    forgetDraft(id);
    setHeld((now) => ({ ...now, typed: {}, restoredAt: null }));
    setFaults({});
    setProblem(null);
  }, [id]);

  return {
    id,
    kinds,
    form,
    fields,
    defaults,
    base,
    values,
    changed,
    hint,
    faults,
    setFaults,
    addFaults,
    problem,
    setProblem,
    opened,
    open,
    type,
    choose,
    rebase,
    startAnew,
    draftAt,
    typed: held.typed,
    version: held.version,
    restoredAt: held.restoredAt,
    dirty: changed.size > 0,
    isShown: (field: Field) => isWanted(field, values),
  };
}

/** What was typed for another kind stays, and counts where this kind has a field of the same type there. */
function valuesFor(fields: readonly Field[], base: Values, typed: Values): Values {
  return Object.fromEntries(
    fields.map((field) => {
      const now = typed[field.path];
      const fits = now !== undefined && shapeOf(now) === shapeOf(base[field.path] ?? null) && isChoice(field, now);
      const either = now !== undefined && field.type === "variants" && (now === null || shapeOf(now) === "object");
      return [field.path, fits || either ? now : (base[field.path] ?? null)];
    }),
  );
}

const shapeOf = (value: Value) => (Array.isArray(value) ? "list" : value === null ? "null" : typeof value);

function isChoice(field: Field, value: Value): boolean {
  return field.type !== "choice" || !!field.choices?.some((one) => one.value === value);
}

/** Kept while it is typed, and when the page is left; told with the time. */
function useDraft(id: number | null, held: Held, fields: readonly Field[], dirty: boolean): Date | null {
  const [at, setAt] = useState<Date | null>(held.restoredAt ? new Date(held.restoredAt) : null);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    if (!dirty) {
      forgetDraft(id);
      return;
    }
    const keep = () => {
      const now = new Date(serverNow());
      const { kind, typed, base, version } = held;
      const draft: Draft = { kind, typed, base, version, at: now.toISOString() };
      saveDraft(id, draft, fields);
      setAt(now);
      timer = 0;
    };
    let timer = window.setTimeout(keep, DRAFT_AFTER_MS);
    return () => {
      if (timer) window.clearTimeout(timer);
    };
  }, [id, held, fields, dirty]);
  return dirty ? at : null;
}
