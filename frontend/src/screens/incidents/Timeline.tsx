import { Fragment, type ReactNode } from "react";
import type { Entry, Incident, Told } from "@/api/incidents";
import { Avatar } from "@/shell/Nav";
import { serverNow, tellDay, tellExactly, tellTime } from "@/time";
import { Icon, type IconName } from "@/ui/Icon";
import { StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import { nameOf, signOf, tellTook, withChanges, wordsOf } from "./telling";
import styles from "./Timeline.module.css";

type Shown = Entry & { became: Entry["status"] };

/** Machine and people in one column, the newest first. */
export function Timeline({ incident }: { incident: Incident }) {
  const { incidents, locale } = useWords();
  const entries = withChanges(incident.timeline);
  const today = new Date(serverNow()).toDateString();
  const dayOf = (entry: Shown | undefined) => (entry ? new Date(entry.at).toDateString() : today);
  return (
    <section>
      <h2 className={styles.title}>{incidents.timeline.title}</h2>
      {entries.length === 0 && <p className="t3">{incidents.timeline.empty}</p>}
      <ol className={styles.timeline}>
        {entries.map((entry, index) => (
          <Fragment key={`${entry.kind} ${entry.at} ${index}`}>
            {dayOf(entry) !== dayOf(entries[index - 1]) && (
              <li className={styles.day}>{tellDay(new Date(entry.at), locale)}</li>
            )}
            <Line entry={entry} incident={incident} />
          </Fragment>
        ))}
      </ol>
    </section>
  );
}

function Line({ entry, incident }: { entry: Shown; incident: Incident }) {
  const words = useWords();
  const at = new Date(entry.at);
  const said = wordsOf(entry);
  return (
    <li className={styles.entry}>
      <time dateTime={entry.at} data-tip={tellExactly(at, words.locale)}>
        {tellTime(at, words.locale)}
      </time>
      <span className={styles.sign}>
        <Sign entry={entry} incident={incident} />
      </span>
      <div className={styles.text}>
        {entry.author ? <ByPerson entry={entry} /> : <ByMachine entry={entry} incident={incident} />}
        {said && <p className={styles.said}>{said}</p>}
      </div>
    </li>
  );
}

const ICONS: Record<Entry["kind"], IconName> = {
  opened: "machine",
  finding: "machine",
  note: "edit",
  acknowledged: "tick",
  resolved: "tick",
  post: "globe",
  told: "send",
};

function Sign({ entry, incident }: { entry: Shown; incident: Incident }) {
  if (entry.author) return <Avatar name={nameOf(entry.author)} />;
  if (entry.kind === "opened") return <StateIcon status={signOf({ ...incident, resolved_at: null })} />;
  if (entry.kind === "resolved") return <StateIcon status="up" />;
  return <Icon name={ICONS[entry.kind]} className="t3" />;
}

function ByPerson({ entry }: { entry: Shown }) {
  const words = useWords();
  if (!entry.author) return null;
  return (
    <>
      <b className="b">{nameOf(entry.author)}</b>{" "}
      <span className="t2">
        {[tellDeed(entry, words), tellReach(entry, words), tellBecame(entry, words)].filter(Boolean).join(", ")}
        <Readers entry={entry} />
      </span>
    </>
  );
}

function ByMachine({ entry, incident }: { entry: Shown; incident: Incident }) {
  const words = useWords();
  const said = words.incidents.timeline;
  if (entry.kind === "told") return <ToldLine entry={entry} incident={incident} />;
  const reach = tellReach(entry, words);
  const head: Partial<Record<Entry["kind"], string>> = {
    opened: incident.kind === "automatic" ? said.down : "",
    acknowledged: said.acknowledgedAlone,
    resolved: said.resolvedAlone,
    post: [said.postedAlone(pagesOf(entry)), reach].filter(Boolean).join(", "),
  };
  return (
    <>
      {head[entry.kind] && <b className="b">{head[entry.kind]}</b>}{" "}
      <span className="t2">
        {entry.kind !== "post" && words.fromServer(entry.text)}
        {entry.kind === "post" && <Readers entry={entry} />}
      </span>
      {entry.kind === "post" && <p className={styles.said}>{entry.text}</p>}
    </>
  );
}

function ToldLine({ entry, incident }: { entry: Shown; incident: Incident }): ReactNode {
  const words = useWords();
  const rows = incident.deliveries.filter((row) => entry.deliveries.includes(row.id));
  const sent = rows.filter((row) => row.status === "sent");
  if (sent.length === 0) return <span className="t2">{words.fromServer(entry.text)}</span>;
  return (
    <>
      <b className="b">{words.incidents.timeline.told(sent.length, rows.length)}</b>{" "}
      <span className="t2">{sent.map((row) => tellOne(row, words)).join(", ")}</span>
    </>
  );
}

function tellOne(row: Told, words: Words): string {
  const channel = row.channel_name || words.incidents.whoWasTold.owners;
  const took = tellTook(row, words);
  return took ? words.incidents.timeline.toldOne(channel, took) : channel;
}

function tellDeed(entry: Shown, words: Words): string {
  const said = words.incidents.timeline;
  if (entry.pages.length > 0 || entry.kind === "post") return said.posted(pagesOf(entry));
  if (entry.kind === "acknowledged") return said.acknowledged;
  if (entry.kind === "resolved") return said.resolved;
  return entry.kind === "opened" ? said.opened : said.noted;
}

const pagesOf = (entry: Entry) => entry.pages.map((page) => page.title).join(", ");

function tellReach(entry: Entry, words: Words): string {
  const told = entry.pages.reduce((sum, page) => sum + page.subscribers_told, 0);
  return told > 0 ? words.incidents.timeline.subscribersTold(told) : "";
}

function tellBecame(entry: Shown, words: Words): string {
  const shown = entry.became !== null && entry.kind !== "resolved" && entry.kind !== "opened";
  return shown && entry.became ? words.incidents.timeline.became(words.incidents.statusWithin[entry.became]) : "";
}

/** Lock: the team alone; globe: a page shows it. */
function Readers({ entry }: { entry: Entry }) {
  const said = useWords().incidents.timeline;
  const label = entry.public ? said.public : said.team;
  if (!entry.public && !wordsOf(entry)) return null;
  return (
    <>
      {"\u00a0"}
      <span className={styles.readers} role="img" aria-label={label} data-tip={label}>
        <Icon name={entry.public ? "globe" : "lock"} size={14} />
      </span>
    </>
  );
}
