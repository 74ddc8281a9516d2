/** One result: its phases as a waterfall, and what came back. */
import { Waterfall } from "@/charts/Waterfall";
import { serverNow, tellDay, tellDayAndTime, tellTimeWithSeconds } from "@/time";
import { Facts } from "@/ui/Facts";
import { CopyButton } from "@/ui/Notices";
import { useWords } from "@/words";
import { curlCommand } from "../data/curl";
import { configText, type Monitor, type Result } from "../data/shapes";
import styles from "./ResultDetail.module.css";

export function ResultDetail({ monitor, result }: { monitor: Monitor; result: Result }) {
  const words = useWords();
  const said = words.monitor.results;
  const at = new Date(result.checked_at);
  const today = at.toDateString() === new Date(serverNow()).toDateString();
  const time = today ? tellTimeWithSeconds(at, words.locale) : tellDayAndTime(at, words.locale, new Date(serverNow()));
  const total = result.timings.total_ms;
  const measured = Object.entries(phasesOf(result)).some(([, ms]) => ms !== null);
  const answer = [
    result.http_status !== null && said.over(String(result.http_status), result.http_version ?? "1.1"),
    result.size_bytes !== null && said.size(words.number(result.size_bytes)),
  ]
    .filter(Boolean)
    .join(", ");
  return (
    <div className={styles.detail} aria-live="polite">
      <div className={styles.head}>
        <span className="b grow">{said.at(time, said.region(result.region))}</span>
        {monitor.kind === "http" && (
          <CopyButton text={curlCommand(configText(monitor, "method"), monitor.url)}>{said.copyCurl}</CopyButton>
        )}
      </div>
      {total !== null && measured && <Waterfall phases={phasesOf(result)} totalMs={total} />}
      <div className={styles.facts}>
        <Facts
          rows={[
            result.error ? [said.error, <span key="error">{words.fromServer(result.error)}</span>] : null,
            answer ? [said.answer, answer] : null,
            result.address
              ? [
                  said.address,
                  <span key="address" className="mono">
                    {result.address}
                  </span>,
                ]
              : null,
            result.tls_expires_at
              ? [said.certificate, said.until2(tellDay(new Date(result.tls_expires_at), words.locale))]
              : null,
          ]}
        />
      </div>
    </div>
  );
}

function phasesOf({ timings }: Result) {
  return {
    dns: timings.dns_ms,
    connect: timings.connect_ms,
    tls: timings.tls_ms,
    first_byte: timings.first_byte_ms,
    download: timings.download_ms,
  };
}
