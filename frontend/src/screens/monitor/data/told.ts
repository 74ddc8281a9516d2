/** Who is told when this monitor goes down, and when: from the team's rules. Pure. */
import type { Schema } from "@/api/client";
import type { Monitor } from "./shapes";

export type Rule = Schema["Rule"];
export type ToldStep = { afterMin: number; channels: number[] };

/** Does the rule cover the monitor? Without monitors and tags it covers all of its team. */
export function covers(
  { monitors, tags }: { monitors: number[]; tags: string[] },
  monitor: { id: number; tags: string[] },
): boolean {
  if (monitors.length === 0 && tags.length === 0) return true;
  return monitors.includes(monitor.id) || tags.some((tag) => monitor.tags.includes(tag));
}

/** The steps of all rules that tell of a "down", the soonest first; each channel once, at its first time. */
export function toldSteps(rules: readonly Rule[], monitor: Monitor): ToldStep[] {
  const event = monitor.kind === "heartbeat" ? "heartbeat_late" : "down";
  const first = new Map<number, number>();
  for (const rule of rules) {
    const tells = rule.enabled && rule.events.some((one) => one === event || one === "down");
    if (!tells || !covers(rule, monitor)) continue;
    for (const step of rule.steps)
      for (const channel of step.channels) {
        const after = rule.delay_min + step.after_min;
        first.set(channel, Math.min(after, first.get(channel) ?? Infinity));
      }
  }
  const times = [...new Set(first.values())].sort((a, b) => a - b);
  return times.map((afterMin) => ({
    afterMin,
    channels: [...first].filter(([, after]) => after === afterMin).map(([channel]) => channel),
  }));
}
