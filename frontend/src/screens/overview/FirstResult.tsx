import type { Schema } from "@/api/client";
import { Waterfall } from "@/charts/Waterfall";
import { Ago } from "@/time";
import { State } from "@/ui/State";
import { useWords, type Words } from "@/words";
import styles from "./FirstSteps.module.css";

type Result = Schema["Result"];

/** What the first check found, in one line and as a waterfall. */
export function FirstResult({ result }: { result: Result }) {
  const words = useWords();
  const { timings } = result;
  const status = result.status === "unknown" ? "no_data" : result.status;
  const total = timings.total_ms;
  return (
    <>
      <div className={styles.said}>
        <State status={status} />
        <span className="t2 grow">{tellResult(result, words)}</span>
        <span className="t3 s">
          {words.overview.firstSteps.checked("")}
          <Ago at={result.checked_at} />
        </span>
      </div>
      {total !== null && (
        <Waterfall
          totalMs={total}
          phases={{
            dns: timings.dns_ms,
            connect: timings.connect_ms,
            tls: timings.tls_ms,
            first_byte: timings.first_byte_ms,
            download: timings.download_ms,
          }}
        />
      )}
    </>
  );
}

/** "HTTP 200 over HTTP/2 from 203.0.113.20, certificate good for 74 days." */
export function tellResult(result: Result, words: Words): string {
  if (result.error) return words.fromServer(result.error);
  const said = words.overview.firstSteps;
  const parts = [
    result.http_status !== null && said.answered(result.http_status, result.http_version),
    result.address && said.from(result.address),
  ].filter(Boolean);
  const certificate = result.tls_expires_at
    ? said.certificate(Math.floor((Date.parse(result.tls_expires_at) - Date.parse(result.checked_at)) / 86_400_000))
    : "";
  return `${[parts.join(" "), certificate].filter(Boolean).join(", ")}.`;
}
