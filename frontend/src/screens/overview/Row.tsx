import { type FocusEvent, memo, useEffect, useRef, useState } from "react";
import type { OverviewRow } from "@/api/overview";
import { go } from "@/routing";
import { classes } from "@/ui/classes";
import { useWords } from "@/words";
import { DeskCells } from "./DeskCells";
import type { Graph } from "@/api/overview";
import { PhoneCells } from "./PhoneCells";
import styles from "./Row.module.css";
import type { Actions } from "./useActions";
import { type Place, usePlace } from "./usePlace";

export type RowProps = {
  row: OverviewRow;
  graph: Graph | undefined;
  place: Place;
  phone: boolean;
  /** One line instead of two. */
  slim: boolean;
  selected: boolean;
  /** It has the keyboard. */
  current: boolean;
  onToggle: (id: number, range?: boolean) => void;
  actions: Actions;
  measure: ((element: Element | null) => void) | undefined;
};

const INTERACTIVE = "a, button, input, label";

export const Row = memo(function Row(props: RowProps) {
  const { row, place, phone, slim, selected, current, measure } = props;
  const words = useWords();
  const ref = useRef<HTMLDivElement>(null);
  // The buttons of a row are made when somebody comes near: of a thousand rows that scroll by, most need none.
  const [near, setNear] = useState(false);
  const leave = (event: FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setNear(false);
  };
  usePlace(ref, place.top);
  useFlash(ref, row.status);
  useEffect(() => {
    if (current) ref.current?.focus({ preventScroll: true });
  }, [current]);
  useEffect(() => measure?.(ref.current), [measure]);
  const open = (target: EventTarget) => {
    if (target instanceof Element && !target.closest(INTERACTIVE)) go(`/monitors/${row.id}/`);
  };
  return (
    <div
      ref={ref}
      role="row"
      aria-rowindex={place.index + 1}
      aria-selected={selected}
      aria-label={`${row.name}: ${words.states[row.status]}`}
      data-index={place.index}
      tabIndex={-1}
      className={classes(phone ? styles.phone : styles.row, slim && !phone && styles.slim, selected && styles.selected)}
      onClick={(event) => open(event.target)}
      onPointerEnter={() => setNear(true)}
      onPointerLeave={() => setNear(false)}
      onFocus={() => setNear(true)}
      onBlur={leave}
    >
      {phone ? <PhoneCells {...props} /> : <DeskCells {...props} near={near} />}
    </div>
  );
}, sameRow);

function sameRow(before: RowProps, after: RowProps): boolean {
  return (
    before.row === after.row &&
    before.graph === after.graph &&
    before.place.top === after.place.top &&
    before.place.index === after.place.index &&
    before.phone === after.phone &&
    before.slim === after.slim &&
    before.selected === after.selected &&
    before.current === after.current
  );
}

/** A change of state flashes the row once. */
function useFlash(ref: React.RefObject<HTMLElement | null>, status: string): void {
  const before = useRef(status);
  useEffect(() => {
    if (before.current === status) return;
    before.current = status;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const tint = getComputedStyle(document.documentElement).getPropertyValue("--tint-accent");
    ref.current?.animate([{ backgroundColor: tint }, { backgroundColor: "transparent" }], 600);
  }, [ref, status]);
}
