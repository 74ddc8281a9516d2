/** Two people edited the same monitor: what the other one changed. */
import { type Field, same, type Value, type Values } from "./fields";

export type Change = {
  field: Field;
  was: Value;
  now: Value;
  /** What this person typed there; undefined: nothing. */ yours?: Value;
};

/** What differs between the monitor as it was loaded and as it is now. Secrets cannot be compared: they are never read. */
export function changesOf(fields: readonly Field[], base: Values, theirs: Values, yours: Values): Change[] {
  return fields
    .filter((field) => !same(base[field.path], theirs[field.path]))
    .map((field) => {
      const change: Change = { field, was: base[field.path] ?? null, now: theirs[field.path] ?? null };
      return field.path in yours && !same(yours[field.path], base[field.path])
        ? { ...change, yours: yours[field.path] ?? null }
        : change;
    });
}

/** A value in one short line: "60 s", "on", "shop, eu". */
export function tellValue(field: Field, value: Value, said: { on: string; off: string; none: string }): string {
  if (typeof value === "boolean") return value ? said.on : said.off;
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return said.none;
  if (Array.isArray(value))
    return value.map((one) => (typeof one === "object" ? one.name : labelOf(field, String(one)))).join(", ");
  if (typeof value === "object") return labelOf(field, value.type);
  const text = labelOf(field, value.replaceAll("\n", ", "));
  return field.unit ? `${text} ${field.unit}` : text;
}

function labelOf(field: Field, value: string): string {
  const known = field.choices?.find((one) => one.value === value) ?? field.variants?.find((one) => one.value === value);
  return known?.label ?? value;
}
