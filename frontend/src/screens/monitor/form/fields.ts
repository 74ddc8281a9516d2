/** The form of a kind as `GET monitors/kinds` describes it, flattened: one list of fields with the paths that errors name. */
import type { Schema } from "@/api/client";

export type KindForm = Schema["KindForm"];

/** A field of the form. `path` is what errors call it: `interval_s`, `config.method`. */
export type Field = KindForm["settings"][number] & { path: string };
export type SectionName = Field["section"];
/** A part of one of several forms. */
export type PlainField = NonNullable<Field["variants"]>[number]["fields"][number];

/** A header as it is typed. `kept`: the stored secret, which is not known here, stays. */
export type HeaderRow = { name: string; value: string; secret: boolean; kept: boolean };

/** One of several forms (`auth`). `kept`: the stored secrets of this one stay unless typed anew. */
export type Picked = { type: string; fields: Record<string, string>; kept: boolean };

/** What a control holds: texts as they are typed, so that nothing is lost that is no number yet. */
export type Value = string | boolean | string[] | number[] | HeaderRow[] | Picked | null;
export type Values = Record<string, Value>;

export const SECTIONS: readonly SectionName[] = ["target", "expect", "request", "schedule"];

/** All fields of a kind, in the order to show: what the kind itself asks for comes first in its section. */
export function fieldsOf(form: KindForm): Field[] {
  const own = form.fields.map((field) => ({ ...field, path: `config.${field.name}` }));
  return [...form.settings.map((field) => ({ ...field, path: field.name })), ...own].sort(
    (a, b) => SECTIONS.indexOf(a.section) - SECTIONS.indexOf(b.section) || rank(a) - rank(b),
  );
}

/** In the schedule a kind's own fields (a heartbeat's cadence) stand before the settings of all kinds. */
function rank(field: Field): number {
  return field.section === "schedule" && field.path.startsWith("config.") ? 0 : 1;
}

/** What the fields hold before anybody types: each one's default. */
export function defaultsOf(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.path, readValue(field, field.default)]));
}

type Stored = { config?: unknown };

/** A stored monitor as the fields show it. */
export function valuesOf(fields: readonly Field[], monitor: Stored): Values {
  const settings = monitor as Record<string, unknown>;
  const config = asObject(monitor.config);
  return Object.fromEntries(
    fields.map((field) => {
      const said = field.path.startsWith("config.") ? config[field.name] : settings[field.name];
      return [field.path, readValue(field, said === undefined ? field.default : said)];
    }),
  );
}

/** The API's value as its control holds it. */
export function readValue(field: Field, value: unknown): Value {
  switch (field.type) {
    case "switch":
      return value === true;
    case "choices":
    case "tags":
      return asList(value).map(String);
    case "monitors":
      return asList(value).map(Number);
    case "list":
      return asList(value)
        .map(String)
        .join(field.items === "number" ? ", " : "\n");
    case "headers":
      return Object.entries(asObject(value)).map(([name, said]) => readHeader(name, said));
    case "json":
      return value === null || value === undefined ? "" : JSON.stringify(value);
    case "variants":
      return readPicked(value);
    default:
      return textOf(value);
  }
}

function readHeader(name: string, said: unknown): HeaderRow {
  const { value, secret } = asObject(said);
  if (typeof said === "string") return { name, value: said, secret: false, kept: false };
  return { name, value: textOf(value), secret: secret === true, kept: secret === true && value === undefined };
}

function readPicked(value: unknown): Picked | null {
  if (value === null || value === undefined) return null;
  const { type, ...rest } = asObject(value);
  const fields = Object.fromEntries(Object.entries(rest).map(([name, said]) => [name, textOf(said)]));
  return { type: textOf(type), fields, kept: true };
}

/** What is typed, as the API takes it. A text that is no number is sent as it is: the server says what is wrong. */
export function writeValue(field: Field, value: Value): unknown {
  switch (field.type) {
    case "number":
      return writeNumber(textOf(value));
    case "list":
      return writeList(field, textOf(value));
    case "headers":
      return Object.fromEntries((value as HeaderRow[]).filter((row) => row.name).map(writeHeader));
    case "json":
      return writeJson(textOf(value));
    case "variants":
      return writePicked(field, value as Picked | null);
    case "text":
      return field.path === "name" || field.path === "url" ? textOf(value).trim() : value;
    default:
      return value;
  }
}

function writeNumber(text: string): number | string | null {
  const typed = text.trim();
  if (!typed) return null;
  return /^-?\d+(\.\d+)?$/.test(typed) ? Number(typed) : typed;
}

function writeList(field: Field, text: string): unknown[] {
  const parts = text
    .split(field.items === "number" ? /[,\s]+/ : /\n/)
    .map((part) => part.trim())
    .filter(Boolean);
  return field.items === "number" ? parts.map(writeNumber) : parts;
}

function writeHeader({ name, value, secret, kept }: HeaderRow): [string, unknown] {
  if (!secret) return [name.trim(), value];
  return [name.trim(), kept && !value ? { secret: true } : { value, secret: true }];
}

/** JSON if it is some; else the text itself, so that `ok` need not be quoted. */
function writeJson(text: string): unknown {
  if (!text.trim()) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The parts of the chosen one alone; an empty text of a stored one keeps what is stored. */
function writePicked(field: Field, picked: Picked | null): unknown {
  if (!picked) return null;
  const parts = field.variants?.find((one) => one.value === picked.type)?.fields ?? [];
  const said = parts.map((part): [string, string] => [part.name, picked.fields[part.name] ?? ""]);
  return { type: picked.type, ...Object.fromEntries(picked.kept ? said.filter(([, text]) => text) : said) };
}

/** Is it shown? `when` names another field of the kind. */
export function isWanted(field: Field, values: Values): boolean {
  if (!field.when) return true;
  const other = values[`config.${field.when.field}`] ?? null;
  return field.when.values ? field.when.values.includes(other) : isFilled(other);
}

export function isFilled(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : typeof value === "string" ? value.trim() !== "" : !!value;
}

export function same(a: Value | undefined, b: Value | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** Would a stored secret have to be known to send these values to a test? */
export function keepsSecrets(values: Values): boolean {
  return Object.values(values).some((value) => {
    if (Array.isArray(value)) return value.some((row) => typeof row === "object" && row.kept && !row.value);
    return typeof value === "object" && value !== null && value.kept;
  });
}

/** Without what is secret: for drafts, which lie in the browser, and for copies. */
export function withoutSecrets(field: Field, value: Value): Value {
  if (field.type === "secret") return "";
  if (field.type === "headers") return (value as HeaderRow[]).map((row) => (row.secret ? { ...row, value: "" } : row));
  if (field.type === "variants" && value) {
    const picked = value as Picked;
    const secret = field.variants?.find((one) => one.value === picked.type)?.fields.filter((part) => part.secret) ?? [];
    return { ...picked, fields: { ...picked.fields, ...Object.fromEntries(secret.map((part) => [part.name, ""])) } };
  }
  return value;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}

/** A text or a figure as a text; "" for all else. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
