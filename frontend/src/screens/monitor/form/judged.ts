/** What a test says of each rule of the form. The API names the first rule that failed; a pass means that all hold. */
import type { Schema } from "@/api/client";
import { type Field, isFilled, isWanted, type Values } from "./fields";

type Result = Schema["Result"];

export type Verdict = "up" | "degraded" | "down" | "pending";
export type Judged = { field: Field; verdict: Verdict };

/** The rule that an error code is about, by the name of its field. */
const RULES: Record<string, readonly string[]> = {
  http_status: ["expected_status"],
  body_mismatch: ["keyword", "expect"],
  json_mismatch: ["json_equals", "json_path"],
  dns_mismatch: ["expected"],
  ping_lost: ["max_loss_percent", "loss"],
  slow: ["degraded_ms"],
  tls_expiring: ["tls_expiry_days"],
  domain_expiring: ["expiry_days"],
};

/** The rules that are filled in. `skipped`: those with an error of their own, which were left out of the test. */
export function judge(
  fields: readonly Field[],
  values: Values,
  result: Result,
  skipped: ReadonlySet<string>,
): Judged[] {
  const rules = fields.filter(
    (field) =>
      field.section === "expect" &&
      field.type !== "switch" &&
      field.type !== "choice" &&
      isWanted(field, values) &&
      isFilled(values[field.path] ?? null) &&
      isMeasured(field, result),
  );
  const blamed = RULES[result.error_code]?.find((name) => rules.some((field) => field.name === name));
  return rules.map((field) => ({ field, verdict: verdictOn(field, result, blamed, skipped.has(field.path)) }));
}

/** A certificate is a rule only where there is one. */
function isMeasured(field: Field, result: Result): boolean {
  if (field.name === "tls_expiry_days") return result.tls_expires_at !== null;
  return field.name !== "expiry_days" || result.domain_expires_at !== null;
}

function verdictOn(field: Field, result: Result, blamed: string | undefined, skipped: boolean): Verdict {
  if (skipped) return "pending";
  if (field.name === blamed) return result.status === "degraded" ? "degraded" : "down";
  return result.status === "up" || result.status === "degraded" ? "up" : "pending";
}

/** Whole days from the check to an instant. */
export function daysUntil(result: Result, at: string): number {
  return Math.floor((Date.parse(at) - Date.parse(result.checked_at)) / 86_400_000);
}
