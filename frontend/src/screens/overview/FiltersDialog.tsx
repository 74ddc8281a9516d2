import { useMonitors } from "@/shell/monitors";
import { Button } from "@/ui/Button";
import { Checkbox } from "@/ui/Choices";
import { Dialog } from "@/ui/Dialog";
import { Select } from "@/ui/Field";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import styles from "./FiltersDialog.module.css";
import type { FilterProps } from "./HeaderTools";
import { SORTS, STATES, toggled, withoutFilters } from "./rows";

type Props = FilterProps & { shown: number; onClose: () => void };

/** All filters and the order, on a phone. Each acts at once; the button tells how many are left. */
export default function FiltersDialog({ filters, tags, shown, onChange, onClose }: Props) {
  const words = useWords();
  const { counts } = useMonitors();
  const said = words.overview;
  return (
    <Dialog
      open
      sheet
      onClose={onClose}
      title={said.filters}
      foot={
        <>
          <Button look="primary" onClick={onClose}>
            {said.showThese(shown)}
          </Button>
          <Button onClick={() => onChange(withoutFilters(filters))}>{said.empty.clear}</Button>
        </>
      }
    >
      <fieldset className={styles.group}>
        <legend className="t3 s">{said.columns.state}</legend>
        {STATES.map((state) => (
          <Checkbox
            key={state}
            checked={filters.states.has(state)}
            onChange={() => onChange({ ...filters, states: toggled(filters.states, state) })}
          >
            <StateIcon status={state} />
            {words.states[state]}
            <span className="t3">{words.number(counts?.[state] ?? 0)}</span>
          </Checkbox>
        ))}
      </fieldset>
      <fieldset className={styles.group}>
        <legend className="t3 s">{said.tags}</legend>
        {tags.length === 0 && <p className="t3">{said.noTags}</p>}
        {tags.map((tag) => (
          <Checkbox
            key={tag}
            checked={filters.tags.has(tag)}
            onChange={() => onChange({ ...filters, tags: toggled(filters.tags, tag) })}
          >
            {tag}
          </Checkbox>
        ))}
      </fieldset>
      <Select
        label={said.sort.label}
        choices={SORTS.map((value) => ({ value, label: said.sort[value] }))}
        value={filters.sort}
        onChoose={(sort) => onChange({ ...filters, sort })}
      />
    </Dialog>
  );
}
