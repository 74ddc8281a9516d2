import { useMemo } from "react";
import { useMonitors } from "@/shell/monitors";
import { Segmented } from "@/ui/Choices";
import { BareSelect } from "@/ui/Field";
import { useWords } from "@/words";
import { type Filters, WHICH } from "./filters";
import styles from "./Incidents.module.css";

type Props = { filters: Filters; onChange: (filters: Filters) => void };

export function ListTools({ filters, onChange }: Props) {
  const words = useWords();
  const said = words.incidents;
  return (
    <>
      <Segmented
        label={said.filters}
        choices={WHICH.map((which) => ({ value: which, label: said.which[which] }))}
        value={filters.which}
        onChoose={(which) => onChange({ ...filters, which })}
      />
      <BareSelect
        aria-label={said.monitor}
        className={styles.monitors ?? ""}
        choices={useMonitorChoices(filters.monitor, said.allMonitors)}
        value={filters.monitor === null ? "" : String(filters.monitor)}
        onChoose={(id) => onChange({ ...filters, monitor: id === "" ? null : Number(id) })}
      />
    </>
  );
}

/** By name; the chosen one is there even before the monitors are. */
function useMonitorChoices(chosen: number | null, all: string) {
  const { rows } = useMonitors();
  return useMemo(() => {
    const choices = Array.from(rows.values(), (row) => ({ value: String(row.id), label: row.name }));
    if (chosen !== null && !rows.has(chosen)) choices.push({ value: String(chosen), label: `#${chosen}` });
    choices.sort((a, b) => a.label.localeCompare(b.label));
    return [{ value: "", label: all }, ...choices];
  }, [rows, chosen, all]);
}
