import { type ReactNode, useState } from "react";
import type { Incident, Planned, Told, Withheld } from "@/api/incidents";
import { serverNow, tellSpan, useNow } from "@/time";
import { Button } from "@/ui/Button";
import { Icon, type IconName } from "@/ui/Icon";
import { type MonitorStatus, StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import { answerOf, channelIcon, isFirstWord, SIGN_OF_TOLD, tellTook, toldState } from "./telling";
import { tellWhen } from "./When";
import styles from "./WhoWasTold.module.css";

const SHOWN = 8;

/** Who was told, with the receivers' answers word by word; what comes next; and what was kept back, and why. */
export function WhoWasTold({ incident }: { incident: Incident }) {
  const { incidents } = useWords();
  const said = incidents.whoWasTold;
  const [all, setAll] = useState(false);
  const { deliveries, planned, withheld } = incident;
  const rows = [
    ...deliveries.map((row) => <ToldRow key={`told ${row.id}`} row={row} />),
    ...planned.map((row) => <PlannedRow key={`planned ${row.channel} ${row.event} ${row.at}`} row={row} />),
    ...withheld.map((row) => <WithheldRow key={`withheld ${row.delivery}`} row={row} />),
  ];
  return (
    <section>
      <h2>{said.title}</h2>
      {rows.length === 0 ? <p className="t3 s">{said.nobody}</p> : <ul>{all ? rows : rows.slice(0, SHOWN)}</ul>}
      {!all && rows.length > SHOWN && (
        <Button look="quiet" size="small" className={styles.all} onClick={() => setAll(true)}>
          {said.showAll(rows.length)}
        </Button>
      )}
    </section>
  );
}

type RowProps = {
  icon: IconName;
  channel: string;
  event?: string | undefined;
  sign: MonitorStatus;
  state: string;
  children: ReactNode;
};

function Row({ icon, channel, event, sign, state, children }: RowProps) {
  return (
    <li className={styles.row}>
      <Icon name={icon} className={styles.icon} />
      <span className={styles.text}>
        <span>
          <span className="b">{channel}</span> {event && <span className="t3 s">{event}</span>}
        </span>
        {children}
      </span>
      <span className={styles.sign}>
        <StateIcon status={sign} label={state} />
      </span>
    </li>
  );
}

function ToldRow({ row }: { row: Told }) {
  const words = useWords();
  const said = words.incidents.whoWasTold;
  const state = toldState(row);
  const loud = state === "retrying" || state === "failed" ? SIGN_OF_TOLD[state] : "t2";
  return (
    <Row
      icon={channelIcon(row.channel_kind)}
      channel={row.channel_name || said.owners}
      event={isFirstWord(row.event) ? undefined : (said.events[row.event] ?? row.event)}
      sign={SIGN_OF_TOLD[state]}
      state={said.states[state]}
    >
      <span className={`${loud} s ${styles.answer}`}>{tellAnswer(row, words)}</span>
      <span className="t3 s">{tellTime(row, words)}</span>
    </Row>
  );
}

/** What the receiver said, and what follows where it did not take it. */
export function tellAnswer(row: Told, words: Words): string {
  const said = words.incidents.whoWasTold;
  const whole = words.fromServer(answerOf(row));
  const answer = whole.replace(/\.$/, "");
  const state = toldState(row);
  if (state === "failed") return said.gaveUp(answer, row.attempts);
  if (state === "dropped") return whole || said.dropped;
  if (state === "delivered") return whole || said.states.delivered;
  if (state === "waiting" || row.due_at === null) return said.onItsWay;
  return said.tried(
    answer,
    row.attempts,
    tellWhen(new Date(row.due_at), words.locale, new Date(serverNow()), { seconds: false }),
  );
}

function tellTime(row: Told, words: Words): string {
  const said = words.incidents.whoWasTold;
  const tell = (at: string) => tellWhen(new Date(at), words.locale, new Date(serverNow()));
  if (row.settled_at === null) return said.first(tell(row.planned_at));
  return said.took(tell(row.settled_at), tellTook(row, words));
}

function PlannedRow({ row }: { row: Planned }) {
  const words = useWords();
  const said = words.incidents.whoWasTold;
  const left = Date.parse(row.at) - useNow();
  const acknowledged = row.unless === "acknowledged";
  const span = tellSpan(left, words.time);
  const soon = acknowledged ? said.unlessAcknowledged(span) : said.unlessOver(span);
  const now = acknowledged ? said.nowUnlessAcknowledged : said.nowUnlessOver;
  return (
    <Row
      icon={channelIcon(row.channel_kind)}
      channel={row.channel_name}
      event={isFirstWord(row.event) ? undefined : (said.events[row.event] ?? row.event)}
      sign="pending"
      state={said.states.waiting}
    >
      <span className="t2 s">{left < 1000 ? now : soon}</span>
      <span className="t3 s">
        {said.due(tellWhen(new Date(row.at), words.locale, new Date(serverNow()), { seconds: false }))}
        {row.rule && `, ${row.rule}`}
      </span>
    </Row>
  );
}

function WithheldRow({ row }: { row: Withheld }) {
  const words = useWords();
  const said = words.incidents.whoWasTold;
  const since = tellWhen(new Date(row.since), words.locale, new Date(serverNow()));
  return (
    <Row icon="alerts" channel={row.channel || said.nobody} sign="paused" state={said.states.dropped}>
      <span className={`t2 s ${styles.answer}`}>{words.fromServer(row.text)}</span>
      <span className="t3 s">{said.since(since)}</span>
    </Row>
  );
}
