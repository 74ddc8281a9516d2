/** Instants in the viewer's own zone; the exact one, with its zone and in UTC, is for tooltips. */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const known = formats.get(locale + key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, options);
  formats.set(locale + key, made);
  return made;
}

/** "14:26" */
export function tellTime(at: Date, locale: string): string {
  return format(locale, "time", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** "14:26:08" */
export function tellTimeWithSeconds(at: Date, locale: string): string {
  return format(locale, "seconds", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(at);
}

/** "8 Dec" */
export function tellDay(at: Date, locale: string): string {
  return format(locale, "day", { day: "numeric", month: "short" }).format(at);
}

/** "8 Dec, 14:26"; of another year with the year. */
export function tellDayAndTime(at: Date, locale: string, now: Date): string {
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
  const key = `day-time${"year" in year ? "-year" : ""}`;
  return format(locale, key, {
    day: "numeric",
    month: "short",
    ...year,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(at);
}

/** "Tuesday, 8 December 2026, 14:26:08 CET (13:26:08 UTC)" */
export function tellExactly(at: Date, locale: string): string {
  const here = format(locale, "exact", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  }).format(at);
  const utc = format(locale, "utc", {
    timeZone: "UTC",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(at);
  return `${here} (${utc} UTC)`;
}

/** The viewer's zone: "Europe/Berlin". Browsers that do not know it say "Etc/Unknown" and reckon in UTC. */
export function viewersZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone === "Etc/Unknown" ? "UTC" : timeZone;
}
