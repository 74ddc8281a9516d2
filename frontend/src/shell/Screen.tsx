/** What every screen behind the sign-in is put into: its header, and its content under it. */
import type { ReactNode } from "react";
import { Link, Title } from "@/routing";
import { tellSpan, tellTime, useNow } from "@/time";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { State } from "@/ui/State";
import { useWords } from "@/words";
import { ConfirmEmail } from "./ConfirmEmail";
import { useLive } from "./live";
import { useTabTitle } from "./trouble";
import styles from "./Screen.module.css";

type Props = {
  /** In the header and, unless `tab` says else, in the tab. */
  title: string;
  tab?: string;
  /** Where the title's "<" leads: the list this is one of. */
  back?: { href: string; text: string };
  /** Beside the title: a state, "Live". */
  beside?: ReactNode;
  /** At the right: at most one primary button. */
  actions?: ReactNode;
  children: ReactNode;
  /** `table`: the full width, to the edges; `page`: padded, at most 1,248 px; `narrow`: 720 px. */
  width?: "table" | "page" | "narrow";
};

export function Screen({ title, tab, back, beside, actions, children, width = "page" }: Props) {
  return (
    <>
      <Title>{useTabTitle(tab ?? title)}</Title>
      <header className={styles.top}>
        {back && (
          <Link href={back.href} className={styles.crumb} aria-label={back.text}>
            <Icon name="back" />
            <span className={styles.crumbText}>{back.text}</span>
          </Link>
        )}
        <h1 className="clip">{title}</h1>
        {beside}
        <span className={styles.gap} />
        {actions}
      </header>
      <OfflineBar />
      <ConfirmEmail />
      <div id="content" className={classes(styles[width])}>
        {children}
      </div>
    </>
  );
}

const LATE_MS = 45_000;

/** "Live, 4 s ago" beside the title of a screen that updates itself. */
export function LiveState() {
  const words = useWords();
  const live = useLive();
  const now = useNow();
  if (live.state === "offline") return <span className={classes(styles.live, styles.off)}>{words.live.offline}</span>;
  if (live.at === null) return <span className={classes(styles.live, styles.wait)}>{words.live.connecting}</span>;
  const past = Math.max(0, now - live.at);
  const span = tellSpan(past, words.time);
  const late = past > LATE_MS;
  return (
    <span className={classes(styles.live, late && styles.wait)}>
      <span className={styles.wide}>{late ? words.live.late(span) : words.live.ago(span)}</span>
      <span className={styles.slim}>{words.live.now}</span>
    </span>
  );
}

function OfflineBar() {
  const words = useWords();
  const { state, at, nextTryAt, tryNow } = useLive();
  const now = useNow();
  if (state !== "offline") return null;
  const said = at === null ? words.offline.nothingYet : words.offline.since(tellTime(new Date(at), words.locale));
  const next = nextTryAt ? words.offline.nextTry(tellSpan(nextTryAt - now + 999, words.time)) : "";
  return (
    <div className={styles.bar} role="status">
      <State status="degraded" word={words.offline.word} />
      <span className={classes("t2", styles.told)}>
        {said} <span aria-hidden="true">{next}</span>
      </span>
      {tryNow && (
        <Button look="quiet" size="small" onClick={tryNow}>
          {words.offline.tryNow}
        </Button>
      )}
    </div>
  );
}
