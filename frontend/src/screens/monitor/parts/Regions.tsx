import { tellExactly } from "@/time";
import { StateIcon } from "@/ui/State";
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
          const { status, response_ms: ms } = state;
          const bad = status === "down" || status === "degraded" ? status : undefined;
          return (
            <li key={state.region} className={styles.row} data-tip={words.fromServer(state.error) || undefined}>
              <StateIcon status={status} label={words.states[status]} />
              <span className="clip" data-tip={tellExactly(new Date(state.since), words.locale)}>
                {words.monitor.results.region(state.region)}
              </span>
              <span className={bad}>
                {state.checked_at ? state.http_status : <span className="t3 s">{said.noResult}</span>}
              </span>
              <span className={`n ${styles.ms}`}>{ms === null ? "–" : words.overview.ms(ms)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
