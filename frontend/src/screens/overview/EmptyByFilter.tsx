import type { OverviewRow } from "@/api/overview";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/Notices";
import { useWords, type Words } from "@/words";
import styles from "./Overview.module.css";
import type { Filters } from "./rows";

type Props = { rows: ReadonlyMap<number, OverviewRow>; filters: Filters; onClear: () => void };

/** Says which wishes nothing fulfils, and what there is. */
export function EmptyByFilter({ rows, filters, onClear }: Props) {
  const words = useWords();
  return (
    <div className={styles.empty}>
      <Empty
        icon="filter"
        title={tellFilters(filters, words)}
        action={
          <Button size="small" onClick={onClear}>
            {words.overview.empty.clear}
          </Button>
        }
      >
        {words.overview.empty.thereAre(rows.size)}
      </Empty>
    </div>
  );
}

export function tellFilters(filters: Filters, words: Words): string {
  const said = words.overview.empty;
  const states = Array.from(filters.states, (state) => words.statesBesideCount[state]).join(said.or);
  const tags = Array.from(filters.tags, words.quoted).join(said.or);
  const parts = [
    states && said.is(states),
    tags && said.tagged(tags),
    filters.text && said.called(filters.text),
  ].filter(Boolean);
  return said.title(parts.join(said.and));
}
