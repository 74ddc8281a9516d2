import { useRoute } from "@/routing";
import { useMonitors } from "@/shell/monitors";
import { BareSelect, Labelled } from "@/ui/Field";
import { useWords } from "@/words";
import { type ControlOf, useAround } from "./Control";
import styles from "./Control.module.css";
import { Chip } from "./Tags";

/** Other monitors of the team, chosen one by one. */
export function Monitors({ field, value, errors, onType }: ControlOf<number[]>) {
  const words = useWords();
  const { id: self } = useRoute();
  const { rows } = useMonitors();
  const all = [...rows.values()].sort((a, b) => a.name.localeCompare(b.name, words.locale));
  const nameOf = (id: number) => all.find((row) => row.id === id)?.name ?? `#${id}`;
  const rest = all.filter((row) => row.id !== self && !value.includes(row.id));
  const choices = [
    { value: "", label: words.monitorForm.addMonitorHere },
    ...rest.map((row) => ({ value: String(row.id), label: row.name })),
  ];
  return (
    <Labelled {...useAround(field, errors)}>
      {(ids) => (
        <div>
          {value.length > 0 && (
            <div className={styles.picked}>
              {value.map((id) => (
                <Chip
                  key={id}
                  text={nameOf(id)}
                  remove={words.monitorForm.remove(nameOf(id))}
                  onRemove={() => onType(value.filter((one) => one !== id))}
                />
              ))}
            </div>
          )}
          <BareSelect
            {...ids}
            data-path={field.path}
            choices={choices}
            value=""
            onChoose={(chosen) => chosen && onType([...value, Number(chosen)])}
          />
        </div>
      )}
    </Labelled>
  );
}
