import { useState } from "react";
import { useIsPhone } from "@/shell/useIsPhone";
import { Segmented } from "@/ui/Choices";
import { BareSelect } from "@/ui/Field";
import { CopyButton } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./HeartbeatSnippets.module.css";
import { type SnippetKind, SNIPPETS, snippetOf } from "./snippets";

type Props = {
  /** A heartbeat as the API shows it; only these are read. */
  monitor: { name: string; ping_url: string | null; config?: unknown };
};

/** The address of a heartbeat, and how a job calls it from where it runs. */
export function HeartbeatSnippets({ monitor }: Props) {
  const said = useWords().monitorForm.snippets;
  const phone = useIsPhone();
  const [kind, setKind] = useState<SnippetKind>("curl");
  const { ping_url: url, name } = monitor;
  if (!url) return null;
  const choices = SNIPPETS.map((value) => ({ value, label: said.kinds[value] }));
  const text = snippetOf(kind, url, { name, ...cadenceOf(monitor.config) });
  return (
    <div className={styles.snippets}>
      <div className={styles.address}>
        <code>{url}</code>
        <CopyButton text={url}>{said.copyAddress}</CopyButton>
      </div>
      <p className="t3 s">{said.secret}</p>
      <div className={styles.ways}>
        {phone ? (
          <BareSelect aria-label={said.label} choices={choices} value={kind} onChoose={setKind} />
        ) : (
          <Segmented label={said.label} choices={choices} value={kind} onChoose={setKind} />
        )}
        <span className="grow" />
        <CopyButton text={text}>{said.copy}</CopyButton>
      </div>
      <pre className={styles.code} tabIndex={0} aria-label={said.kinds[kind]}>
        {text}
      </pre>
      <p className="t3 s">{said.help[kind]}</p>
    </div>
  );
}

function cadenceOf(config: unknown): { cron?: string; periodS?: number } {
  const { cron, period_s } = (config ?? {}) as { cron?: unknown; period_s?: unknown };
  return {
    ...(typeof cron === "string" ? { cron } : {}),
    ...(typeof period_s === "number" ? { periodS: period_s } : {}),
  };
}
