import { useMemo } from "react";
import { problemFrom } from "@/api/client";
import { replaceQuery, useRoute } from "@/routing";
import { LiveState, Screen } from "@/shell/Screen";
import { Button } from "@/ui/Button";
import { Empty, Failed, WaitingRows } from "@/ui/Notices";
import { useWords } from "@/words";
import { type Filters, isFiltered, readFilters, writeFilters } from "./filters";
import { IncidentTable } from "./IncidentTable";
import styles from "./Incidents.module.css";
import { ListTools } from "./ListTools";
import { useIncidents } from "./useIncidents";

/** `/incidents/`: what went wrong, the newest first. */
export function Incidents() {
  const words = useWords();
  const { query, ready } = useRoute();
  const filters = useMemo(() => readFilters(query), [query]);
  const show = (next: Filters) => replaceQuery(writeFilters(next));
  return (
    <Screen title={words.incidents.title} width="table" beside={<LiveState />}>
      <div className={styles.above}>
        <ListTools filters={filters} onChange={show} />
      </div>
      {ready && <List filters={filters} onShowAll={() => show({ which: "all", monitor: null })} />}
    </Screen>
  );
}

function List({ filters, onShowAll }: { filters: Filters; onShowAll: () => void }) {
  const words = useWords();
  const said = words.incidents;
  const list = useIncidents(filters);
  const rows = list.data?.pages.flatMap((page) => page.rows);
  if (!rows)
    return (
      <div className={styles.notice}>
        {list.error ? (
          <Failed
            what={said.what}
            problem={problemFrom(list.error)}
            kept={words.problem.kept}
            onTryAgain={() => void list.refetch()}
          />
        ) : (
          <WaitingRows rows={8} />
        )}
      </div>
    );
  if (rows.length === 0) return <Nothing filters={filters} onShowAll={onShowAll} />;
  return (
    <>
      <IncidentTable rows={rows} />
      <div className={styles.below}>
        {list.hasNextPage && (
          <Button busy={list.isFetchingNextPage && said.moreBusy} onClick={() => void list.fetchNextPage()}>
            {said.more}
          </Button>
        )}
        <span className="t3 s">{said.all(rows.length)}</span>
      </div>
    </>
  );
}

/** Says why there is nothing, and what there is instead. */
function Nothing({ filters, onShowAll }: { filters: Filters; onShowAll: () => void }) {
  const { empty } = useWords().incidents;
  const onlyOpen = filters.which === "open" && filters.monitor === null;
  const [title, help] = onlyOpen
    ? [empty.open, empty.openHelp]
    : isFiltered(filters)
      ? [empty.filtered, empty.filteredHelp]
      : [empty.none, empty.noneHelp];
  return (
    <div className={styles.notice}>
      <Empty
        icon="incidents"
        title={title}
        action={
          isFiltered(filters) && (
            <Button size="small" onClick={onShowAll}>
              {empty.clear}
            </Button>
          )
        }
      >
        {help}
      </Empty>
    </div>
  );
}
