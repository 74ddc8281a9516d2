/** Why a monitor is as it is, in one sentence: the fact, then what surrounds it. Pure; words are given. */
import { tellDayAndTime, tellSpan, tellTime } from "@/time";
import type { Words } from "@/words";
import { configText, type Monitor, type Stats } from "./shapes";

export type Why = { fact: string; rest: string };

const H = 3_600_000;
const SLOWER_BY = 3;

/** "Down for 12 min"; without the time where nobody knows it. */
export function headline(monitor: Monitor, since: string | null, now: number, words: Words): string {
  const state = words.states[monitor.status];
  if (!since || monitor.status === "pending") return state;
  return words.monitor.stateFor(state, tellSpan(now - Date.parse(since), words.time));
}

type Around = { since: string | null; usual: Stats | undefined; now: number; maintenance: string | null };

export function whyItIsSo(monitor: Monitor, around: Around, words: Words): Why {
  const said = words.monitor.why;
  switch (monitor.status) {
    case "paused":
      return { fact: said.paused, rest: said.pausedRest };
    case "pending":
      return monitor.kind === "heartbeat"
        ? { fact: said.noPingYet, rest: said.noPingYetRest }
        : { fact: said.pending, rest: said.pendingRest };
    case "no_data":
      return { fact: withoutStop(monitor.no_data ? words.fromServer(monitor.no_data.reason) : said.noData), rest: "." };
    case "maintenance":
      return { fact: around.maintenance ?? words.states.maintenance, rest: said.maintenanceRest };
    case "up":
      return monitor.kind === "heartbeat"
        ? aliveHeartbeat(monitor, around.now, words)
        : healthy(monitor, around, words);
    case "down":
    case "degraded":
      return troubled(monitor, around, words);
  }
}

function healthy(monitor: Monitor, { usual, now }: Around, words: Words): Why {
  const said = words.monitor.why;
  const result = monitor.last_result;
  const ms = result?.timings.total_ms ?? null;
  if (!result || ms === null) return { fact: said.allWell, rest: "." };
  const p50 = usual?.latency_ms.p50 ?? null;
  const ago = tellSpan(now - Date.parse(result.checked_at), words.time);
  return {
    fact: said.answered(words.overview.ms(ms)),
    rest: said.usually(p50 === null ? null : words.number(p50), ago),
  };
}

function aliveHeartbeat(monitor: Monitor, now: number, words: Words): Why {
  const said = words.monitor.why;
  const last = monitor.heartbeat?.last_ping_at ?? monitor.last_checked_at;
  const deadline = monitor.heartbeat?.deadline_at ?? null;
  const fact = last ? said.lastPing(tellSpan(now - Date.parse(last), words.time)) : said.allWell;
  return { fact, rest: deadline ? said.nextPing(tellMoment(deadline, now, words)) : "." };
}

function troubled(monitor: Monitor, { since, usual, now }: Around, words: Words): Why {
  const said = words.monitor.why;
  const states = monitor.regions_state;
  const bad = states.find((one) => one.status === monitor.status && one.error);
  const error = bad?.error ?? monitor.last_result?.error ?? "";
  const count = states.filter((one) => one.status === "down" || one.status === "degraded").length;
  const where = states.length > 1 ? said.inRegions(count, states.length) : "";
  const when = since ? said.since(tellMoment(since, now, words)) : "";
  const fact = error ? withoutStop(words.fromServer(error)) : words.states[monitor.status];
  const slow = monitor.status === "down" ? slowSentence(monitor, usual, words) : "";
  return { fact, rest: `${where}${when}.${slow && ` ${slow}`}` };
}

/** It answers, but its first byte comes far later than usual. */
function slowSentence(monitor: Monitor, usual: Stats | undefined, words: Words): string {
  const now = monitor.last_result?.timings.first_byte_ms ?? null;
  const before = usual?.phases_ms.first_byte.p50 ?? null;
  if (now === null || before === null || now < 100 || now < SLOWER_BY * before) return "";
  return words.monitor.why.slowFirstByte(words.overview.ms(now), words.number(before));
}

/** "14:14" of today, else with its day. */
export function tellMoment(at: string, now: number, words: Words): string {
  const date = new Date(at);
  const near = Math.abs(now - date.getTime()) < 20 * H;
  return near ? tellTime(date, words.locale) : tellDayAndTime(date, words.locale, new Date(now));
}

export function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

/** What is watched, in the words of its kind: "GET https://…". */
export function tellTarget(monitor: Monitor): string {
  if (monitor.kind === "http") return `${configText(monitor, "method") || "GET"} ${monitor.url}`;
  if (monitor.kind === "heartbeat") return "";
  return `${monitor.kind} ${monitor.url}`;
}
