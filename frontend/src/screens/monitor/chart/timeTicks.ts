/** Round moments of the viewer's own day along a time axis. Pure, but for the zone of the machine. */
import { tellDay, tellTime } from "@/time";

const MIN = 60_000;
const H = 60 * MIN;
const D = 24 * H;
const WITHIN_DAY = [MIN, 2 * MIN, 5 * MIN, 10 * MIN, 15 * MIN, 30 * MIN, H, 2 * H, 3 * H, 4 * H, 6 * H, 12 * H];
const DAYS = [1, 2, 3, 5, 7, 14];
const MONTHS = [1, 2, 3, 6];

export type TimeTick = { at: number; text: string };

/** At most `most` ticks in `[from, to]`, with what is written under each. */
export function timeTicks(from: number, to: number, most: number, locale: string): TimeTick[] {
  const rough = (to - from) / Math.max(1, most);
  const within = WITHIN_DAY.find((step) => step >= rough);
  if (within)
    return walk(from, to, (start) => hoursFrom(start, within)).map((at) => ({ at, text: hourText(at, locale) }));
  const days = DAYS.find((step) => step * D >= rough);
  if (days)
    return walk(from, to, (start) => daysFrom(start, days)).map((at) => ({ at, text: tellDay(new Date(at), locale) }));
  const months = MONTHS.find((step) => step * 30 * D >= rough) ?? 12;
  return walk(from, to, (start) => monthsFrom(start, months)).map((at) => ({ at, text: monthText(at, locale) }));
}

function walk(from: number, to: number, ticks: (from: number) => (index: number) => number): number[] {
  const next = ticks(from);
  const found: number[] = [];
  for (let index = 0; index < 500; index += 1) {
    const at = next(index);
    if (at > to) break;
    if (at >= from) found.push(at);
  }
  return found;
}

/** Each local day begins anew, so that 00:00, 04:00 … stay where they are when the clocks change. */
function hoursFrom(from: number, step: number): (index: number) => number {
  const perDay = D / step;
  const first = new Date(from);
  return (index) => {
    const day = Math.floor(index / perDay);
    const minutes = ((index % perDay) * step) / MIN;
    return new Date(first.getFullYear(), first.getMonth(), first.getDate() + day, 0, minutes).getTime();
  };
}

function daysFrom(from: number, step: number): (index: number) => number {
  const first = new Date(from);
  return (index) => new Date(first.getFullYear(), first.getMonth(), first.getDate() + 1 + index * step).getTime();
}

function monthsFrom(from: number, step: number): (index: number) => number {
  const first = new Date(from);
  return (index) => new Date(first.getFullYear(), first.getMonth() + 1 + index * step, 1).getTime();
}

function hourText(at: number, locale: string): string {
  const date = new Date(at);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  return midnight ? tellDay(date, locale) : tellTime(date, locale);
}

function monthText(at: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { month: "short" }).format(at);
}
