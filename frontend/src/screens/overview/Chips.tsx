import type { Overview } from "@/api/overview";
import { classes } from "@/ui/classes";
import { type MonitorStatus, StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import styles from "./Chips.module.css";
import { type Filters, STATES, toggled } from "./rows";

type Props = { counts: Overview["counts"]; filters: Filters; onChange: (filters: Filters) => void };

const RARE = new Set<MonitorStatus>(["pending"]);

/** How many are in which state; pressed, only those are shown. Zero stays, in a quieter colour. */
export function Chips({ counts, filters, onChange }: Props) {
  const words = useWords();
  const toggle = (state: MonitorStatus) => onChange({ ...filters, states: toggled(filters.states, state) });
  const shown = STATES.filter((state) => !RARE.has(state) || counts[state] > 0 || filters.states.has(state));
  return (
    <div className={styles.chips} role="group" aria-label={words.overview.filters}>
      {shown.map((state) => (
        <button
          key={state}
          type="button"
          className={classes(styles.chip, counts[state] === 0 && styles.zero)}
          aria-pressed={filters.states.has(state)}
          onClick={() => toggle(state)}
        >
          <StateIcon status={state} />
          <span>
            <b>{words.number(counts[state])}</b> {words.statesBesideCount[state]}
          </span>
        </button>
      ))}
    </div>
  );
}
