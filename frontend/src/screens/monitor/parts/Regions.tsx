import { tellExactly } from "@/time";
import { StateIcon, type MonitorStatus } from "@/ui/State";
import { useWords } from "@/words";
import type { RegionState } from "../data/shapes";
import styles from "./Regions.module.css";

/** What each region finds now. */
export function Regions({ states }: { states: readonly RegionState[] }) {
  const words = useWords();
  const said = words.monitor.regions;
  return (
    <section>
      <h2>{said.title}</h2>
      <ul>
        {states.map((state) => {
          const status: MonitorStatus = state.status === "unknown" ? "no_data" : state.status;
          const result = state.last_result;
          const bad = status === "down" || status === "degraded" ? status : undefined;
          const code = result?.http_status ?? (result?.error_code ? result.error_code : "");
          const ms = result?.timings.total_ms ?? null;
          return (
            <li key={state.region} className={styles.row}>
              <StateIcon status={status} label={words.states[status]} />
              <span
                className="clip"
                data-tip={state.since ? tellExactly(new Date(state.since), words.locale) : undefined}
              >
                {words.monitor.results.region(state.region)}
              </span>
              <span className={bad}>{result ? code : <span className="t3 s">{said.noResult}</span>}</span>
              <span className={`n ${styles.ms}`}>{ms === null ? "–" : words.overview.ms(ms)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
