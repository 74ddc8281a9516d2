/** What a heartbeat has instead of a chart: its address, how to call it, when the next call is due, and the calls. */
import { useState } from "react";
import { tellExactly, tellSpan, useNow } from "@/time";
import { Segmented } from "@/ui/Choices";
import { CopyButton } from "@/ui/Notices";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { SNIPPET_TITLES, SNIPPETS, type SnippetName, snippetFor } from "../data/snippets";
import { configText, type Monitor } from "../data/shapes";
import { tellMoment } from "../data/why";
import styles from "./Heartbeat.module.css";
import { Pings } from "./Pings";

export function Heartbeat({ monitor }: { monitor: Monitor }) {
  return (
    <>
      <Deadline monitor={monitor} />
      {monitor.ping_url && <Address url={monitor.ping_url} cron={configText(monitor, "cron")} />}
      <Pings id={monitor.id} />
    </>
  );
}

function Deadline({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.heartbeat;
  const now = useNow();
  const deadline = monitor.heartbeat?.deadline_at;
  const started = monitor.heartbeat?.started_at;
  if (!deadline || monitor.status === "paused") return null;
  const left = Date.parse(deadline) - now;
  return (
    <div className={styles.deadline}>
      <span className="t3 s">{said.deadline}</span>
      <span className={styles.due}>
        <time dateTime={deadline} data-tip={tellExactly(new Date(deadline), words.locale)}>
          {tellMoment(deadline, now, words)}
        </time>
        {left >= 0 ? (
          <span className="t2">{words.time.in(tellSpan(left, words.time))}</span>
        ) : (
          <span className="row-x down b">
            <StateIcon status="down" />
            {said.late(tellSpan(-left, words.time))}
          </span>
        )}
        {started && <span className="t2">{said.running(tellSpan(now - Date.parse(started), words.time))}</span>}
      </span>
    </div>
  );
}

function Address({ url, cron }: { url: string; cron: string }) {
  const words = useWords();
  const said = words.monitor.heartbeat;
  const [name, setName] = useState<SnippetName>("curl");
  const code = snippetFor(name, url, cron, words);
  return (
    <section className={styles.section}>
      <h2>{said.address}</h2>
      <div className={styles.address}>
        <code>{url}</code>
        <CopyButton text={url}>{words.common.copy}</CopyButton>
      </div>
      <p className="t3 s">{said.addressHelp}</p>
      <div className={styles.snippetHead}>
        <Segmented
          label={said.snippets}
          choices={SNIPPETS.map((value) => ({ value, label: SNIPPET_TITLES[value] }))}
          value={name}
          onChoose={setName}
        />
        <span className="grow" />
        <CopyButton text={code}>{words.common.copy}</CopyButton>
      </div>
      {/* A long line scrolls on its own, so it takes the focus. */}
      <pre className={styles.code} tabIndex={0} aria-label={SNIPPET_TITLES[name]}>
        <code>{code}</code>
      </pre>
    </section>
  );
}
