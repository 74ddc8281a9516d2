/** A chart's figures as a table, on demand. */
import { type ReactNode, useState } from "react";
import { Button } from "@/ui/Button";
import { useWords } from "@/words";
import styles from "./AsTable.module.css";

type Row = readonly ReactNode[];

type Props = { label: string; head: readonly string[]; rows: () => readonly Row[] };

export function AsTable({ label, head, rows }: Props) {
  const { common } = useWords();
  const [open, setOpen] = useState(false);
  return (
    <div className={styles.around}>
      <Button look="quiet" size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? common.showAsChart : common.showAsTable}
      </Button>
      {open && <Table label={label} head={head} rows={rows()} />}
    </div>
  );
}

function Table({ label, head, rows }: { label: string; head: readonly string[]; rows: readonly Row[] }) {
  return (
    // Scrolls on its own, so it takes the focus.
    <div className={styles.box} role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) =>
                column === 0 ? (
                  <th key={column} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={column}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
