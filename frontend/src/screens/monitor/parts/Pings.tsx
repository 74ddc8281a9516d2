/** The newest pings, and what the chosen one sent. */
import { useState } from "react";
import { problemFrom } from "@/api/client";
import { serverNow, tellDayAndTime, tellExactly, tellTimeWithSeconds } from "@/time";
import { classes } from "@/ui/classes";
import { Facts } from "@/ui/Facts";
import { Empty, Failed, WaitingRows } from "@/ui/Notices";
import { StateIcon, type MonitorStatus } from "@/ui/State";
import { useWords, type Words } from "@/words";
import { usePings } from "../data/queries";
import type { Ping } from "../data/shapes";
import styles from "./Pings.module.css";

const FEW = 8;
const MANY = 50;

const STATUS_OF: Record<Ping["kind"], MonitorStatus> = { success: "up", start: "pending", fail: "down" };

export function Pings({ id }: { id: number }) {
  const words = useWords();
  const said = words.monitor.heartbeat;
  const [size, setSize] = useState(FEW);
  const [chosenId, setChosenId] = useState<number | null>(null);
  const pings = usePings(id, size);
  const rows = pings.data?.results;
  const chosen = rows?.find((one) => one.id === chosenId) ?? rows?.[0];
  return (
    <section className={styles.section}>
      <h2>{said.pings}</h2>
      {!rows &&
        (pings.error ? (
          <Failed what={said.what} problem={problemFrom(pings.error)} onTryAgain={() => void pings.refetch()} />
        ) : (
          <WaitingRows rows={3} />
        ))}
      {rows?.length === 0 && (
        <Empty icon="machine" title={said.none}>
          {said.noneHelp}
        </Empty>
      )}
      {rows && chosen && (
        <div className={styles.split}>
          <ul>
            {rows.map((ping) => (
              <li key={ping.id}>
                <Row ping={ping} on={ping === chosen} onChoose={() => setChosenId(ping.id)} />
              </li>
            ))}
            {pings.data?.next && size === FEW && (
              <li>
                <button type="button" className={styles.more} onClick={() => setSize(MANY)}>
                  {words.monitor.results.more}
                </button>
              </li>
            )}
          </ul>
          <Detail ping={chosen} />
        </div>
      )}
    </section>
  );
}

function tellWhen(ping: Ping, words: Words): string {
  const at = new Date(ping.received_at);
  const today = at.toDateString() === new Date(serverNow()).toDateString();
  return today ? tellTimeWithSeconds(at, words.locale) : tellDayAndTime(at, words.locale, new Date(serverNow()));
}

function tellKind(ping: Ping, words: Words): string {
  const said = words.monitor.heartbeat;
  const { kind, exit_status: status } = ping;
  return status === null ? said.kinds[kind] : `${said.kinds[kind]}, ${said.exit(status)}`;
}

function tellTook(ms: number, words: Words): string {
  return ms < 10_000 ? words.overview.ms(ms) : words.time.s(Math.round(ms / 1000));
}

function Row({ ping, on, onChoose }: { ping: Ping; on: boolean; onChoose: () => void }) {
  const words = useWords();
  return (
    <button type="button" className={classes(styles.row, on && styles.on)} aria-pressed={on} onClick={onChoose}>
      <StateIcon status={STATUS_OF[ping.kind]} />
      <span data-tip={tellExactly(new Date(ping.received_at), words.locale)}>{tellWhen(ping, words)}</span>
      <span className={classes("clip", ping.kind === "fail" ? "down" : "t2")}>{tellKind(ping, words)}</span>
      <span className="n">{ping.duration_ms === null ? "" : tellTook(ping.duration_ms, words)}</span>
      <span className={classes("t2 clip mono", styles.body)}>{ping.body.split("\n", 1)[0]}</span>
    </button>
  );
}

function Detail({ ping }: { ping: Ping }) {
  const words = useWords();
  const said = words.monitor.heartbeat;
  return (
    <div className={styles.detail}>
      <div className={styles.title}>{said.chosen(tellWhen(ping, words))}</div>
      <Facts
        rows={[
          [said.kind, tellKind(ping, words)],
          ping.duration_ms !== null && [said.took, tellTook(ping.duration_ms, words)],
          [said.by, <span key="by" className="mono">{`${ping.method} ${ping.address}`}</span>],
          !!ping.user_agent && [
            said.agent,
            <span key="agent" className="mono">
              {ping.user_agent}
            </span>,
          ],
          !!ping.run_id && [
            said.run,
            <span key="run" className="mono">
              {ping.run_id}
            </span>,
          ],
          !ping.body && [
            said.body,
            <span key="body" className="t3">
              {said.nothingSent}
            </span>,
          ],
        ]}
      />
      {ping.body && (
        // Long output scrolls on its own, so it takes the focus.
        <pre className={styles.code} tabIndex={0} aria-label={said.body}>
          {ping.body}
        </pre>
      )}
    </div>
  );
}
