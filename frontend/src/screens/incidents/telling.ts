/** What an incident's screen says, from what the server tells. Pure. */
import type { Entry, Incident, IncidentRow, PageOf, Planned, Result, Severity, Told } from "@/api/incidents";
import type { Phases } from "@/charts/Waterfall";
import type { IconName } from "@/ui/Icon";
import { tellSpan } from "@/time/spans";
import type { MonitorStatus } from "@/ui/State";
import type { Words } from "@/words";

/** The cause: its first sentence says it, the rest explains. */
export function splitCause(
  incident: Pick<IncidentRow, "cause" | "title">,
  said: string,
  words: Words,
): { first: string; rest: string } {
  const text = words.fromServer((incident.cause?.error ?? "") || said) || incident.title;
  const end = /[.!?]\s+(?=\p{Lu})/u.exec(text);
  if (!end) return { first: text, rest: "" };
  return { first: text.slice(0, end.index + 1), rest: text.slice(end.index + end[0].length) };
}

const BY_SEVERITY: Record<Severity, MonitorStatus> = { minor: "degraded", major: "down", critical: "down" };

/** The shape that stands for it: what the checks found, or how bad a person says it is. */
export function signOf(incident: Pick<IncidentRow, "kind" | "severity" | "resolved_at">): MonitorStatus {
  if (incident.resolved_at !== null) return "up";
  return incident.kind === "automatic" ? "down" : BY_SEVERITY[incident.severity];
}

/** How long it lasts or lasted, in ms. */
export function lasts(incident: Pick<IncidentRow, "started_at" | "resolved_at">, now: number): number {
  const end = incident.resolved_at === null ? now : Date.parse(incident.resolved_at);
  return Math.max(0, end - Date.parse(incident.started_at));
}

export function phasesOf(result: Result): { phases: Phases; totalMs: number } | null {
  const { timings } = result;
  const phases = {
    dns: timings.dns_ms,
    connect: timings.connect_ms,
    tls: timings.tls_ms,
    first_byte: timings.first_byte_ms,
    download: timings.download_ms,
  };
  const measured = Object.values(phases).filter((ms) => ms !== null);
  if (measured.length === 0) return null;
  return { phases, totalMs: timings.total_ms ?? measured.reduce((sum, ms) => sum + ms, 0) };
}

export type ToldState = "delivered" | "waiting" | "retrying" | "failed" | "dropped";

const STATES: Record<string, ToldState> = {
  sent: "delivered",
  held: "waiting",
  planned: "waiting",
  sending: "waiting",
  retry: "retrying",
  dead: "failed",
};

export const toldState = (told: Pick<Told, "status">): ToldState => STATES[told.status] ?? "dropped";

export const SIGN_OF_TOLD: Record<ToldState, MonitorStatus> = {
  delivered: "up",
  waiting: "pending",
  retrying: "degraded",
  failed: "down",
  dropped: "paused",
};

/** The receiver's answer, word by word: "200 ok". */
export function answerOf(told: Pick<Told, "answer" | "answer_status">): string {
  const { answer, answer_status: status } = told;
  if (status === null || answer.startsWith(String(status))) return answer;
  return answer ? `${status} ${answer}` : String(status);
}

const CHANNEL_ICONS: Record<string, IconName> = {
  email: "mail",
  webhook: "webhook",
  slack: "hash",
  mattermost: "hash",
  rocketchat: "hash",
  matrix: "hash",
  discord: "chat",
  telegram: "chat",
  msteams: "chat",
  googlechat: "chat",
  zulip: "chat",
  whatsapp: "chat",
  pagerduty: "phone",
  opsgenie: "phone",
  twilio: "phone",
  pushover: "phone",
};

export const channelIcon = (kind: string | null): IconName => CHANNEL_ICONS[kind ?? ""] ?? "alerts";

/** What begins needs no word beside the channel; a reminder, an end does. */
export const isFirstWord = (event: string): boolean =>
  !["reminder", "escalated", "acknowledged", "recovered"].includes(event);

/** Who is called next, unless somebody acknowledges. */
export function nextCall(incident: Pick<Incident, "planned" | "acknowledged_at" | "resolved_at">): Planned | null {
  if (incident.acknowledged_at !== null || incident.resolved_at !== null) return null;
  return incident.planned.find((one) => one.unless === "acknowledged") ?? null;
}

/** What people said with an entry; sentences that the server wrote for them are left out. */
export function wordsOf(entry: Pick<Entry, "author" | "text" | "kind">): string {
  if (!entry.author) return "";
  const name = nameOf(entry.author);
  return ["Acknowledged by", "Resolved by", "Opened by"].some((made) => entry.text === `${made} ${name}.`)
    ? ""
    : entry.text;
}

export const nameOf = (author: { name: string; email: string }): string => author.name || author.email;

/** The timeline, with the state that each entry left behind where it changed. */
export function withChanges(timeline: readonly Entry[]): (Entry & { became: Entry["status"] })[] {
  return timeline.map((entry, index) => {
    const before = timeline.slice(index + 1).find((one) => one.status !== null)?.status ?? null;
    const changed = entry.status !== null && before !== null && entry.status !== before;
    return { ...entry, became: changed ? entry.status : null };
  });
}

/** How many are told of a post: one who reads two pages is counted twice, as they get two e-mails. */
export function subscribersOf(pages: readonly PageOf[], chosen: ReadonlySet<number>): number {
  return pages.filter((page) => chosen.has(page.id)).reduce((sum, page) => sum + page.subscribers, 0);
}

/** From planned to answered: "0.4 s"; longer than a minute "2 min". */
export function tellTook(told: Pick<Told, "planned_at" | "settled_at">, words: Words): string {
  if (told.settled_at === null) return "";
  const ms = Math.max(0, Date.parse(told.settled_at) - Date.parse(told.planned_at));
  if (ms >= 60_000) return tellSpan(ms, words.time);
  const seconds = (ms / 1000).toLocaleString(words.locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return words.incidents.whoWasTold.seconds(seconds);
}
