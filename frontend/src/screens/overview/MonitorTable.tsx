import { useQuery } from "@tanstack/react-query";
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { Suspense, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { lazyPart } from "@/routing/parts";
import { read } from "@/api/client";
import { callGraphs, type Graph, GRAPH_DAYS, toGraphs } from "@/api/overview";
import { useSignedIn } from "@/session";
import { useIsPhone } from "@/shell/useIsPhone";
import { classes } from "@/ui/classes";
import { useWords } from "@/words";
import { GroupHead } from "./GroupHead";
import styles from "./MonitorTable.module.css";
import { Row } from "./Row";
import type { Item } from "./rows";
import { useActions } from "./useActions";
import { rowOf, useListKeys } from "./useListKeys";
import type { RowHeight } from "./useRowHeight";
import type { Selection } from "./useSelection";

const ROW = { two: 44, one: 32 };
const PHONE_ROW = 60;
const HEAD = 36;
const Peek = lazyPart(() => import("./Peek"));
const GRAPHS_EVERY_MS = 10 * 60_000;
/** The server draws for a moment only, and goes on when it is asked again. */
const GRAPHS_GO_ON_MS = 1_000;

type Props = { items: readonly Item[]; selection: Selection; height: RowHeight };

/** Rows of two lines, or of one, under sticky heads. Only what is seen is in the page. */
export function MonitorTable({ items, selection, height }: Props) {
  const phone = useIsPhone();
  const graphOf = useGraphs();
  const actions = useActions();
  const list = useRef<HTMLDivElement>(null);
  const [above, setAbove] = useState(0);
  useLayoutEffect(() => setAbove(list.current?.offsetTop ?? 0), [phone]);
  const heads = useMemo(() => items.flatMap((item, index) => (item.kind === "group" ? [index] : [])), [items]);
  const headOf = (row: number) => heads.findLast((head) => head <= row) ?? -1;
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: (index) => (items[index]?.kind === "group" ? HEAD : phone ? PHONE_ROW : ROW[height]),
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 10,
    scrollMargin: above,
    scrollPaddingStart: 52 + (phone ? 0 : 32) + HEAD,
    scrollPaddingEnd: 88,
    rangeExtractor: (range: Range) => {
      const head = headOf(range.startIndex);
      const seen = defaultRangeExtractor(range);
      return head < 0 || seen.includes(head) ? seen : [head, ...seen];
    },
  });
  const scrollTo = useCallback((index: number) => virtual.scrollToIndex(index, { align: "auto" }), [virtual]);
  const [peeking, setPeeking] = useState(false);
  const peek = useCallback(() => setPeeking((before) => !before), []);
  const current = useListKeys({ items, selection, actions, scrollTo, peek });
  const peeked = peeking ? rowOf(items, current) : null;
  const stuck = virtual.range ? headOf(virtual.range.startIndex) : -1;
  useHeight(list, virtual.getTotalSize());
  return (
    <>
      <div
        className={classes(styles.table, selection.ids.size > 0 && styles.choosing)}
        role="table"
        aria-rowcount={items.length}
      >
        {!phone && <Head />}
        <div ref={list} className={styles.rows} role="rowgroup">
          {virtual.getVirtualItems().map((seen) => {
            const item = items[seen.index];
            if (!item) return null;
            const place = { index: seen.index, top: seen.start - above };
            if (item.kind === "group")
              return <GroupHead key={item.key} item={item} place={place} sticks={seen.index === stuck} />;
            return (
              <Row
                key={item.key}
                row={item.row}
                graph={graphOf(item.row.id)}
                place={place}
                phone={phone}
                slim={height === "one"}
                selected={selection.ids.has(item.row.id)}
                current={current === item.row.id}
                onToggle={selection.toggle}
                actions={actions}
                measure={phone ? virtual.measureElement : undefined}
              />
            );
          })}
        </div>
      </div>
      {peeked && (
        <Suspense>
          <Peek row={peeked} actions={actions} onClose={peek} />
        </Suspense>
      )}
    </>
  );
}

function useHeight(list: React.RefObject<HTMLDivElement | null>, height: number): void {
  useLayoutEffect(() => list.current?.style.setProperty("height", `${height}px`), [list, height]);
}

/** Of a monitor that is younger than the roll-ups of this hour: nothing yet. */
const NO_GRAPH: Graph = { days: "-".repeat(GRAPH_DAYS), hours: "" };

/** Undefined until there was time to draw it. */
function useGraphs(): (id: number) => Graph | undefined {
  const { team } = useSignedIn();
  const graphs = useQuery({
    queryKey: ["graphs", team.id],
    queryFn: () => read(callGraphs(team.id)),
    staleTime: GRAPHS_EVERY_MS,
    refetchInterval: (query) => (query.state.data?.complete === false ? GRAPHS_GO_ON_MS : GRAPHS_EVERY_MS),
  });
  const columns = graphs.data?.monitors;
  const drawn = useMemo(() => (columns ? toGraphs(columns) : null), [columns]);
  return (id) => drawn?.get(id) ?? (graphs.data?.complete ? NO_GRAPH : undefined);
}

export function Head() {
  const { overview } = useWords();
  const { columns } = overview;
  return (
    <div className={styles.head} role="rowgroup">
      <div className={styles.columns} role="row">
        <span role="columnheader" aria-label={columns.select} />
        <span role="columnheader" aria-label={columns.status} />
        <span role="columnheader">{columns.name}</span>
        <span role="columnheader">{columns.state}</span>
        <span role="columnheader" className={styles.spark}>
          {columns.response}
        </span>
        <span role="columnheader" className="n">
          {columns.now}
        </span>
        <span role="columnheader" className={styles.bars}>
          <span className="grow">{columns.days}</span>
          <span>{columns.today}</span>
        </span>
        <span role="columnheader" className="n">
          {columns.day}
        </span>
        <span role="columnheader" className="n">
          {columns.month}
        </span>
        <span role="columnheader" aria-label={columns.actions} />
      </div>
    </div>
  );
}
