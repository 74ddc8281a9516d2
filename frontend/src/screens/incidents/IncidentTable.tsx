import { useEffect, useMemo, useRef, useState } from "react";
import type { IncidentRow } from "@/api/incidents";
import { go } from "@/routing";
import { useKeys } from "@/shell/keys";
import { classes } from "@/ui/classes";
import { useWords } from "@/words";
import { IncidentCells } from "./IncidentCells";
import styles from "./IncidentTable.module.css";

/** Rows of two lines: what, since when and for how long, who is on it, how many were told. */
export function IncidentTable({ rows }: { rows: readonly IncidentRow[] }) {
  const { columns } = useWords().incidents;
  const current = useListKeys(rows);
  return (
    <div className={styles.table} role="table" aria-rowcount={rows.length + 1}>
      <div role="rowgroup">
        <div role="row" className={classes(styles.row, styles.head)}>
          <span role="columnheader">
            <span className="aloud">{columns.state}</span>
          </span>
          <span role="columnheader">{columns.incident}</span>
          <span role="columnheader">{columns.started}</span>
          <span role="columnheader">{columns.lasts}</span>
          <span role="columnheader">{columns.person}</span>
          <span role="columnheader" className="n">
            {columns.told}
          </span>
        </div>
      </div>
      <div role="rowgroup">
        {rows.map((row) => (
          <Row key={row.id} row={row} current={row.id === current} />
        ))}
      </div>
    </div>
  );
}

type RowProps = { row: IncidentRow; current: boolean };

function Row({ row, current }: RowProps) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (current) ref.current?.focus();
  }, [current]);
  const open = (target: EventTarget) => {
    if (target instanceof Element && !target.closest("a, button")) go(`/incidents/${row.id}/`);
  };
  return (
    <div
      ref={ref}
      role="row"
      tabIndex={-1}
      className={classes(styles.row, styles.body)}
      onClick={(event) => open(event.target)}
    >
      <IncidentCells row={row} />
    </div>
  );
}

/** J and K go through the rows, Enter opens one. */
function useListKeys(rows: readonly IncidentRow[]): number | null {
  const [current, setCurrent] = useState<number | null>(null);
  const keys = useMemo(() => {
    const at = rows.findIndex((row) => row.id === current);
    const move = (step: 1 | -1) => {
      const next = at < 0 ? (step > 0 ? rows[0] : rows.at(-1)) : rows[at + step];
      if (next) setCurrent(next.id);
    };
    return {
      j: () => move(1),
      k: () => move(-1),
      Enter: () => at >= 0 && go(`/incidents/${rows[at]?.id ?? ""}/`),
    };
  }, [rows, current]);
  useKeys(keys);
  return current;
}
