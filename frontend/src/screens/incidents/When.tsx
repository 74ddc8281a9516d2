import { serverNow, tellDay, tellExactly, tellTime, tellTimeWithSeconds } from "@/time";
import { useWords } from "@/words";

/** "14:14:04", of another day "8 Dec, 14:14:04". */
export function tellWhen(at: Date, locale: string, now: Date, { seconds = true } = {}): string {
  const time = seconds ? tellTimeWithSeconds(at, locale) : tellTime(at, locale);
  return at.toDateString() === now.toDateString() ? time : `${tellDay(at, locale)}, ${time}`;
}

export function When({ at, seconds = true }: { at: string; seconds?: boolean }) {
  const { locale } = useWords();
  const instant = new Date(at);
  return (
    <time dateTime={at} data-tip={tellExactly(instant, locale)}>
      {tellWhen(instant, locale, new Date(serverNow()), { seconds })}
    </time>
  );
}
