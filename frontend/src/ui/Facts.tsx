import type { ReactNode } from "react";
import styles from "./Facts.module.css";

/** A definition list on hairlines. Rows that are null or false are left out. */
export function Facts({ rows }: { rows: readonly ([string, ReactNode] | null | false)[] }) {
  const shown = rows.filter((row): row is [string, ReactNode] => !!row);
  return (
    <dl className={styles.facts}>
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
