import { useCallback, useMemo, useState } from "react";
import { useSignedIn } from "@/session";
import { useKeys } from "@/shell/keys";
import type { OverviewRow } from "@/api/overview";
import type { Item } from "./rows";
import type { Actions } from "./useActions";
import type { Selection } from "./useSelection";

type Props = {
  items: readonly Item[];
  selection: Selection;
  actions: Actions;
  scrollTo: (index: number) => void;
  /** Look at the row that has the keyboard, or look no more. */
  peek: () => void;
};

/** J and K go through the rows; the other keys act on the row that has the keyboard, or on what is selected. */
export function useListKeys({ items, selection, actions, scrollTo, peek }: Props): number | null {
  const [current, setCurrent] = useState<number | null>(null);
  const { mayEdit } = useSignedIn();
  const move = useCallback(
    (step: 1 | -1) => {
      const at = items.findIndex((item) => item.kind === "row" && item.row.id === current);
      let next = at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step;
      while (items[next]?.kind === "group") next += step;
      const item = items[next];
      if (item?.kind !== "row") return;
      setCurrent(item.row.id);
      scrollTo(next);
    },
    [items, current, scrollTo],
  );
  const keys = useMemo(() => {
    const row = rowOf(items, current);
    const chosen = items.flatMap((item) => (item.kind === "row" && selection.ids.has(item.row.id) ? [item.row] : []));
    const rows = chosen.length > 0 ? chosen : row ? [row] : [];
    const onRow = (act: (row: OverviewRow) => void) => () => {
      if (row) act(row);
    };
    const all = {
      j: () => move(1),
      k: () => move(-1),
      Enter: onRow(actions.open),
      " ": onRow(peek),
      x: onRow((one) => selection.toggle(one.id)),
      Escape: selection.clear,
    };
    if (!mayEdit) return all;
    return {
      ...all,
      e: onRow(actions.edit),
      c: () => rows.length > 0 && actions.check(rows),
      p: () => {
        const running = rows.filter((one) => one.enabled);
        if (running.length > 0) actions.pause(running);
        else if (rows.length > 0) actions.resume(rows);
      },
    };
  }, [items, current, selection, actions, move, mayEdit, peek]);
  useKeys(keys);
  return current;
}

export function rowOf(items: readonly Item[], id: number | null): OverviewRow | null {
  const item = items.find((one) => one.kind === "row" && one.row.id === id);
  return item?.kind === "row" ? item.row : null;
}
