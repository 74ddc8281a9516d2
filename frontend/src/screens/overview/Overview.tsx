import { Suspense, useDeferredValue, useMemo } from "react";
import { lazyPart } from "@/routing/parts";
import type { OverviewRow } from "@/api/overview";
import { useSignedIn } from "@/session";
import { useMonitors } from "@/shell/monitors";
import { LiveState, Screen } from "@/shell/Screen";
import { ButtonLink } from "@/ui/Button";
import { Failed } from "@/ui/Notices";
import { useWords } from "@/words";
import { Chips } from "./Chips";
import { useAskedToDelete } from "./deleting";
import { EmptyByFilter } from "./EmptyByFilter";
import { HeaderTools } from "./HeaderTools";
import styles from "./Overview.module.css";
import { arrange, checksAnHour, filterRows, isFiltered, withoutFilters } from "./rows";
import { Skeleton } from "./Skeleton";
import { MonitorTable } from "./MonitorTable";
import { useFilters } from "./useFilters";
import { useRowHeight } from "./useRowHeight";
import { useSelection } from "./useSelection";

const FirstSteps = lazyPart(() => import("./FirstSteps").then((chunk) => ({ default: chunk.FirstSteps })));
const DeleteDialog = lazyPart(() => import("./DeleteDialog"));
const BulkBar = lazyPart(() => import("./BulkBar").then((chunk) => ({ default: chunk.BulkBar })));

export function Overview() {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const monitors = useMonitors();
  if (monitors.state === "loading")
    return (
      <Screen title={words.overview.title} width="table" beside={<LiveState />}>
        <Skeleton />
      </Screen>
    );
  if (monitors.state === "failed" && monitors.problem)
    return (
      <Screen title={words.overview.title}>
        <Failed
          what={words.overview.what}
          problem={monitors.problem}
          kept={words.problem.kept}
          onTryAgain={monitors.refresh}
        />
      </Screen>
    );
  if (monitors.rows.size === 0)
    return (
      <Screen title={words.overview.title} width="table" actions={mayEdit && <EmptyTools />}>
        <Suspense>
          <FirstSteps />
        </Suspense>
      </Screen>
    );
  return <List rows={monitors.rows} />;
}

function EmptyTools() {
  const words = useWords();
  return (
    <ButtonLink href="/monitors/new/" icon="plus">
      {words.overview.addMonitor}
    </ButtonLink>
  );
}

function List({ rows }: { rows: ReadonlyMap<number, OverviewRow> }) {
  const words = useWords();
  const { filters, setFilters } = useFilters();
  const wanted = useDeferredValue(filters);
  const shown = useMemo(() => filterRows(rows.values(), wanted), [rows, wanted]);
  const items = useMemo(() => arrange(shown, wanted.sort), [shown, wanted.sort]);
  const tags = useMemo(() => tagsOf(rows.values()), [rows]);
  const order = useMemo(() => items.flatMap((item) => (item.kind === "row" ? [item.row.id] : [])), [items]);
  const selection = useSelection(rows, order);
  const { counts } = useMonitors();
  const [height, setHeight] = useRowHeight();
  return (
    <Screen
      title={words.overview.title}
      width="table"
      beside={<LiveState />}
      actions={
        <HeaderTools {...{ filters, tags, height }} shown={shown.length} onChange={setFilters} onHeight={setHeight} />
      }
    >
      <div className={styles.above}>
        {counts && <Chips counts={counts} filters={filters} onChange={setFilters} />}
        <span className={styles.summary}>{words.overview.summary(rows.size, checksAnHour(rows.values()))}</span>
      </div>
      {items.length === 0 && isFiltered(filters) ? (
        <EmptyByFilter rows={rows} filters={filters} onClear={() => setFilters(withoutFilters(filters))} />
      ) : (
        <MonitorTable key={height} items={items} selection={selection} height={height} />
      )}
      <Deleting />
      {selection.ids.size > 0 && (
        <Suspense>
          <BulkBar selection={selection} all={order} />
        </Suspense>
      )}
    </Screen>
  );
}

function Deleting() {
  const ids = useAskedToDelete();
  if (ids.length === 0) return null;
  return (
    <Suspense>
      <DeleteDialog ids={ids} />
    </Suspense>
  );
}

function tagsOf(rows: Iterable<OverviewRow>): string[] {
  const tags = new Set<string>();
  for (const row of rows) for (const tag of row.tags) tags.add(tag);
  return Array.from(tags).sort((a, b) => a.localeCompare(b));
}
