import { Button } from "@/ui/Button";
import { Checkbox } from "@/ui/Choices";
import { Input, Labelled } from "@/ui/Field";
import { useWords } from "@/words";
import { type ControlOf, useAround } from "./Control";
import styles from "./Control.module.css";
import type { HeaderRow } from "./fields";

const EMPTY: HeaderRow = { name: "", value: "", secret: false, kept: false };

/** Names and values. A secret value is written and never read: it stays unless a new one is typed. */
export default function Headers({ field, value, errors, onType }: ControlOf<HeaderRow[]>) {
  const words = useWords();
  const rows = value.length > 0 ? value : [EMPTY];
  const put = (index: number, change: Partial<HeaderRow>) =>
    onType(rows.map((row, at) => (at === index ? { ...row, ...change } : row)));
  return (
    <Labelled {...useAround(field, errors)}>
      {(ids) => (
        <div className={styles.rows} role="group" aria-describedby={ids["aria-describedby"]}>
          {rows.map((row, index) => (
            <Row
              key={index}
              row={row}
              id={index === 0 ? ids.id : undefined}
              path={index === 0 ? field.path : undefined}
              onChange={(change) => put(index, change)}
              onRemove={() => onType(rows.filter((_, at) => at !== index))}
            />
          ))}
          <div>
            <Button size="small" look="quiet" icon="plus" onClick={() => onType([...rows, EMPTY])}>
              {words.monitorForm.addHeader}
            </Button>
          </div>
        </div>
      )}
    </Labelled>
  );
}

type RowProps = {
  row: HeaderRow;
  id: string | undefined;
  path: string | undefined;
  onChange: (change: Partial<HeaderRow>) => void;
  onRemove: () => void;
};

function Row({ row, id, path, onChange, onRemove }: RowProps) {
  const { monitorForm } = useWords();
  const named = id ? { id } : {};
  // A kept secret belongs to its name: under another name there is nothing to keep.
  const rename = (name: string) => onChange(row.kept ? { name, kept: false } : { name });
  return (
    <div className={styles.header}>
      <Input
        {...named}
        mono
        data-path={path}
        aria-label={monitorForm.headerName}
        placeholder="Accept"
        spellCheck={false}
        value={row.name}
        onChange={(event) => rename(event.target.value)}
      />
      <Input
        mono
        aria-label={monitorForm.headerValue}
        type={row.secret ? "password" : "text"}
        autoComplete={row.secret ? "new-password" : "off"}
        placeholder={row.kept ? monitorForm.kept : "application/json"}
        spellCheck={false}
        value={row.value}
        onChange={(event) => onChange({ value: event.target.value })}
      />
      <Checkbox checked={row.secret} onChange={(event) => onChange({ secret: event.target.checked, kept: false })}>
        {monitorForm.secret}
      </Checkbox>
      <Button
        look="quiet"
        icon="close"
        label={monitorForm.remove(row.name || monitorForm.headerName)}
        onClick={onRemove}
      />
    </div>
  );
}
