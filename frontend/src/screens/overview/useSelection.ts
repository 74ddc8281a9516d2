import { useCallback, useEffect, useMemo, useRef, useState } from "react";

export type Selection = {
  ids: ReadonlySet<number>;
  /** `range`: with Shift, all from the last one on. */
  toggle: (id: number, range?: boolean) => void;
  choose: (ids: readonly number[]) => void;
  clear: () => void;
};

/** Those that are no more fall out by themselves. `order`: as shown, for ranges. */
export function useSelection(rows: ReadonlyMap<number, unknown>, order: readonly number[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const last = useRef<number | null>(null);
  const shown = useRef(order);
  useEffect(() => {
    shown.current = order;
  }, [order]);
  const ids = useMemo(() => {
    const there = Array.from(chosen).filter((id) => rows.has(id));
    return there.length === chosen.size ? chosen : new Set(there);
  }, [chosen, rows]);
  const toggle = useCallback((id: number, range = false) => {
    const from = range && last.current !== null ? shown.current.indexOf(last.current) : -1;
    const to = shown.current.indexOf(id);
    last.current = id;
    setChosen((before) => {
      const next = new Set(before);
      if (from >= 0 && to >= 0)
        for (const one of shown.current.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
      else if (next.has(id)) next.delete(id);
      else next.add(id);
      return next;
    });
  }, []);
  const choose = useCallback((all: readonly number[]) => setChosen(new Set(all)), []);
  const clear = useCallback(() => setChosen(new Set()), []);
  return useMemo(() => ({ ids, toggle, choose, clear }), [ids, toggle, choose, clear]);
}
