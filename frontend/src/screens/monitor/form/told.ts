/** Who will hear of this monitor: the rules that match it, and whom each tells when. */
import type { Schema } from "@/api/client";

type Rule = Schema["Rule"];

export type Told = { name: string; steps: { afterMin: number; channels: number[] }[] };

/** A rule without monitors and tags is for all. */
export function rulesFor(rules: readonly Rule[], id: number | null, tags: readonly string[]): Told[] {
  const mine = new Set(tags);
  return rules
    .filter((rule) => rule.enabled)
    .filter(({ monitors, tags: wanted }) => {
      if (monitors.length === 0 && wanted.length === 0) return true;
      return (id !== null && monitors.includes(id)) || wanted.some((tag) => mine.has(tag));
    })
    .map(({ name, steps }) => ({
      name,
      steps: steps
        .map((step) => ({ afterMin: step.after_min, channels: step.channels }))
        .filter((step) => step.channels.length > 0),
    }));
}
