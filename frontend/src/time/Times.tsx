/** Times as people read them; the exact one is in the tooltip. */
import { useWords } from "@/words";
import { serverNow, useNow } from "./clock";
import { tellDayAndTime, tellExactly } from "./instants";
import { tellSpan } from "./spans";

type Props = { at: string; className?: string };

function Shown({ at, className, children }: Props & { children: string }) {
  const { locale } = useWords();
  return (
    <time dateTime={at} className={className} data-tip={tellExactly(new Date(at), locale)}>
      {children}
    </time>
  );
}

/** "12 min ago" */
export function Ago({ at, className }: Props) {
  const { time } = useWords();
  const past = useNow() - Date.parse(at);
  return (
    <Shown at={at} className={className ?? ""}>
      {past < 1000 ? time.now : time.ago(tellSpan(past, time))}
    </Shown>
  );
}

/** How long it has been so: "12 min". `short`: one unit alone. */
export function Span({ since, short = false, className }: { since: string; short?: boolean; className?: string }) {
  const { time } = useWords();
  return (
    <Shown at={since} className={className ?? ""}>
      {tellSpan(useNow(15_000) - Date.parse(since), time, { short })}
    </Shown>
  );
}

/** "8 Dec, 14:26" */
export function At({ at, className }: Props) {
  const { locale } = useWords();
  return (
    <Shown at={at} className={className ?? ""}>
      {tellDayAndTime(new Date(at), locale, new Date(serverNow()))}
    </Shown>
  );
}
