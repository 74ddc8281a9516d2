/** The server's sentences, put to the fields that they are about. */
import type { Faults } from "@/api/problems";
import { type Field, isWanted, type Values } from "./fields";

/** The path of the field that a fault is about: of `config.auth.password` it is `config.auth`. Null: no field has it. */
export function fieldOf(fields: readonly Field[], name: string): Field | null {
  const exact = fields.find((field) => field.path === name);
  if (exact) return exact;
  return fields.find((field) => name.startsWith(`${field.path}.`)) ?? null;
}

/** All faults of a field, of its parts too. */
export function faultsAt(faults: Faults, path: string): string[] {
  return Object.entries(faults).flatMap(([name, said]) => (name === path || name.startsWith(`${path}.`) ? said : []));
}

/** Without those of `path`: it is being mended. */
export function withoutFaults(faults: Faults, path: string): Faults {
  return Object.fromEntries(Object.entries(faults).filter(([name]) => name !== path && !name.startsWith(`${path}.`)));
}

/** Those whose field is not shown, or is none of this form: they are said under the form. */
export function homelessFaults(
  fields: readonly Field[],
  values: Values,
  faults: Faults,
  tell: (sentence: string) => string,
): string[] {
  return Object.entries(faults).flatMap(([name, said]) => {
    const field = fieldOf(fields, name);
    return field && isWanted(field, values) ? [] : said.map((one) => `${name}: ${tell(one)}`);
  });
}

/** The fields that need somebody, in the order of the form. */
export function faultyFields(fields: readonly Field[], values: Values, faults: Faults): Field[] {
  return fields.filter((field) => isWanted(field, values) && faultsAt(faults, field.path).length > 0);
}

/** Later answers replace what an earlier one said of the same field; a test says nothing of a field nobody touched. */
export function mergeFaults(before: Faults, now: Faults, touched: (path: string) => boolean): Faults {
  return { ...before, ...Object.fromEntries(Object.entries(now).filter(([name]) => touched(name))) };
}
