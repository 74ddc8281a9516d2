/** What is left of an error budget, as the words beside its bar. Pure. */
import type { Slo } from "./shapes";

export type Budget = {
  state: "unknown" | "kept" | "missed";
  usedS: number;
  totalS: number;
  byS: number;
  burn: number | null;
};

export function budgetOf(slo: Slo): Budget {
  const total = slo.budget_s;
  const left = slo.budget_left_s;
  const burn = slo.burn_rates["1h"];
  if (total === null || left === null) return { state: "unknown", usedS: 0, totalS: total ?? 0, byS: 0, burn };
  return { state: left < 0 ? "missed" : "kept", usedS: total - left, totalS: total, byS: Math.abs(left), burn };
}
