/** Spans of time in words, always rounded down: "12 min", "9 h 26 min", "41 d". */
import type { Words } from "@/words";

type TimeWords = Words["time"];

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

/** At most two units below two days, then days alone. `short`: one unit. */
export function tellSpan(ms: number, words: TimeWords, { short = false } = {}): string {
  const span = Math.max(0, ms);
  if (span < MIN) return words.s(Math.floor(span / S));
  if (span < H) return words.min(Math.floor(span / MIN));
  if (span >= D) return words.d(Math.floor(span / D));
  const minutes = Math.floor((span % H) / MIN);
  const hours = words.h(Math.floor(span / H));
  return short || minutes === 0 ? hours : `${hours} ${words.min(minutes)}`;
}

/** An interval of seconds as people say it: "60 s", "5 min", "1 h". */
export function tellInterval(seconds: number, words: TimeWords): string {
  if (seconds % 86_400 === 0) return words.d(seconds / 86_400);
  if (seconds % 3600 === 0) return words.h(seconds / 3600);
  if (seconds % 60 === 0 && seconds > 60) return words.min(seconds / 60);
  return words.s(seconds);
}
