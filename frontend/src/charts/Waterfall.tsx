import { useLayoutEffect, useRef } from "react";
import { useWords } from "@/words";
import { roundTicks } from "./ticks";
import styles from "./Waterfall.module.css";

export const PHASES = ["dns", "connect", "tls", "first_byte", "download"] as const;
export type Phase = (typeof PHASES)[number];
export type Phases = Partial<Record<string, number | null>>;

type Row = { phase: Phase; ms: number; from: number };

/** Each phase begins where the one before ends; those that were not measured are left out. */
export function waterfallRows(phases: Phases): Row[] {
  let from = 0;
  return PHASES.flatMap((phase) => {
    const ms = phases[phase];
    if (ms === null || ms === undefined) return [];
    const row = { phase, ms, from };
    from += ms;
    return [row];
  });
}

/** A check in its phases, in ms. `totalMs` as the check measured it; the same component everywhere. */
export function Waterfall({ phases, totalMs }: { phases: Phases; totalMs: number }) {
  const words = useWords();
  const rows = waterfallRows(phases);
  const end = Math.max(totalMs, ...rows.map((row) => row.from + row.ms));
  const ticks = roundTicks(end, 3);
  const top = ticks.at(-1) ?? 1;
  const tell = (ms: number) => words.overview.ms(ms);
  return (
    <div className={styles.waterfall} role="img" aria-label={words.phases.waterfall(tell(totalMs))}>
      {rows.map((row) => (
        <Line key={row.phase} name={words.phases[row.phase]} row={row} ticks={ticks} top={top} figure={tell(row.ms)} />
      ))}
      <span />
      <span className={styles.axis}>
        {ticks.map((tick) => (
          <Placed key={tick} as="b" left={tick / top}>
            {tick === 0 ? tell(0) : words.number(tick)}
          </Placed>
        ))}
      </span>
      <span className={`n ${styles.total}`}>{tell(totalMs)}</span>
    </div>
  );
}

function Line({
  name,
  row,
  ticks,
  top,
  figure,
}: {
  name: string;
  row: Row;
  ticks: number[];
  top: number;
  figure: string;
}) {
  return (
    <>
      <span className="t2">{name}</span>
      <span className={styles.lane}>
        {ticks.map((tick) => (
          <Placed key={tick} as="u" left={tick / top} />
        ))}
        <Placed as="i" className={styles[row.phase]} left={row.from / top} width={row.ms / top} />
      </span>
      <span className="n">{figure}</span>
    </>
  );
}

type PlacedProps = {
  as: "b" | "i" | "u";
  left: number;
  width?: number;
  className?: string | undefined;
  children?: string;
};

/** Set by a ref: a style in the markup would be refused by the page's policy. */
function Placed({ as: Tag, left, width, className, children }: PlacedProps) {
  const ref = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    ref.current?.style.setProperty("left", `${left * 100}%`);
    if (width !== undefined) ref.current?.style.setProperty("width", `${width * 100}%`);
  }, [left, width]);
  return (
    <Tag ref={ref} className={className}>
      {children}
    </Tag>
  );
}
