/** What a form sends, which of its fields are shown, and what differs: pure, so that tests can hold it. */
import {
  type Field,
  type KindForm,
  isFilled,
  isWanted,
  same,
  type Value,
  type Values,
  withoutSecrets,
  writeValue,
} from "./fields";

export type Body = Record<string, unknown> & { config: Record<string, unknown> };

/** `values` of the fields named by `paths`, as the API takes them. */
export function bodyOf(fields: readonly Field[], values: Values, paths: ReadonlySet<string>): Body {
  const body: Body = { config: {} };
  for (const field of fields) {
    if (!paths.has(field.path)) continue;
    const value = writeValue(field, values[field.path] ?? null);
    if (field.path.startsWith("config.")) body.config[field.name] = value;
    else body[field.name] = value;
  }
  return body;
}

/** A new monitor: what is shown; of the rest the server knows the defaults. An empty name becomes `name`. */
export function newBody(form: KindForm, fields: readonly Field[], values: Values, name: string): Body {
  const shown = fields.filter((field) => isWanted(field, values));
  const filled = shown.filter((field) => field.required || !isEmptyNumber(field, values[field.path]));
  const body = bodyOf(fields, values, new Set(filled.map((field) => field.path)));
  return { ...body, kind: form.kind, name: body.name || name };
}

/** A number that is cleared means its default; null where that is what it may be. */
function isEmptyNumber(field: Field, value: Value | undefined): boolean {
  return field.type === "number" && field.default !== null && !isFilled(value ?? null);
}

/** The paths whose values are not as they were. */
export function changedPaths(fields: readonly Field[], before: Values, now: Values): Set<string> {
  return new Set(fields.map((field) => field.path).filter((path) => !same(before[path], now[path])));
}

/** The method, the record, the security: a kind's first question of how it asks stands beside its target. */
export function leadOf(fields: readonly Field[]): Field | null {
  const hasTarget = fields.some((field) => field.path === "url");
  return (
    (hasTarget && fields.find((field) => field.section === "request" && field.type === "choice" && !field.advanced)) ||
    null
  );
}

export type Look = { values: Values; defaults: Values; opened: ReadonlySet<string>; faulty: (path: string) => boolean };

/** Advanced fields are folded away, unless they were opened, hold something, or have an error. */
export function foldFields(fields: readonly Field[], look: Look): { shown: Field[]; folded: Field[] } {
  const wanted = fields.filter((field) => isWanted(field, look.values) && !isPointless(field, look.values));
  const isShown = (field: Field) =>
    !field.advanced ||
    look.opened.has(field.path) ||
    look.faulty(field.path) ||
    !same(look.values[field.path], look.defaults[field.path]);
  return { shown: wanted.filter(isShown), folded: wanted.filter((field) => !isShown(field)) };
}

/** One region is no choice. */
function isPointless(field: Field, values: Values): boolean {
  return field.type === "choices" && (field.choices?.length ?? 0) < 2 && !isFilled(values[field.path] ?? null);
}

/** "{host} {record_type}" → "example.com MX". */
export function hintName(form: KindForm, values: Values): string {
  const target = typeof values.url === "string" ? values.url.trim() : "";
  if (!target) return "";
  const parts: Record<string, string> = { target, host: hostOf(target) };
  return form.name_hint
    .replaceAll(/\{(\w+)\}/g, (_, word: string) => {
      const own = values[`config.${word}`];
      return parts[word] ?? (typeof own === "string" ? own : "");
    })
    .trim()
    .slice(0, 100);
}

export function hostOf(target: string): string {
  const rest = target
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, "")
    .replace(/[/?#].*$/, "")
    .replace(/^.*@/, "");
  const [, v6] = /^\[([^\]]*)\]/.exec(rest) ?? [];
  return v6 ?? rest.replace(/:\d+$/, "");
}

/** Checks a day, of all regions; null while the interval is no number, and for what is not checked. */
export function checksADay(values: Values, allRegions: number): { checks: number; regions: number } | null {
  const interval = Number(values.interval_s);
  if (!(interval > 0)) return null;
  const chosen = Array.isArray(values.regions) ? values.regions.length : 0;
  const regions = Math.max(1, chosen || allRegions);
  return { checks: Math.round((86_400 / interval) * regions), regions };
}

/** As JSON for programs: what `POST monitors/` takes, without what is secret. */
export function copyOf(form: KindForm, fields: readonly Field[], values: Values, name: string): string {
  const open = Object.fromEntries(
    fields.map((field) => [field.path, withoutSecrets(field, values[field.path] ?? null)]),
  );
  return JSON.stringify(newBody(form, fields, open, name), null, 2);
}
