import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { lazyPart } from "@/routing/parts";
import { useSignedIn } from "@/session";
import { useKeys } from "@/shell/keys";
import { Button, ButtonLink, Kbd } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { Menu, type MenuItem } from "@/ui/Menu";
import { useWords } from "@/words";
import styles from "./HeaderTools.module.css";
import { type Filters, isFiltered, SORTS, toggled } from "./rows";
import type { RowHeight } from "./useRowHeight";

const FiltersDialog = lazyPart(() => import("./FiltersDialog"));

export type FilterProps = { filters: Filters; tags: readonly string[]; onChange: (filters: Filters) => void };
type RowProps = { height: RowHeight; onHeight: (height: RowHeight) => void };
type Props = FilterProps & RowProps & { shown: number };

export function HeaderTools({ filters, tags, shown, height, onChange, onHeight }: Props) {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  return (
    <>
      <Search text={filters.text} onChange={(text) => onChange({ ...filters, text })} />
      <TagsMenu filters={filters} tags={tags} onChange={onChange} />
      <ViewMenu {...{ filters, height, onChange, onHeight }} />
      <AllFilters {...{ filters, tags, shown, onChange }} />
      {mayEdit && (
        <>
          <ButtonLink href="/monitors/new/" look="primary" icon="plus" className={styles.wide}>
            {words.overview.addMonitor}
          </ButtonLink>
          <ButtonLink
            href="/monitors/new/"
            look="quiet"
            icon="plus"
            label={words.overview.addMonitor}
            className={styles.slim}
          />
        </>
      )}
    </>
  );
}

function Search({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  useKeys(useMemo(() => ({ "/": () => input.current?.focus() }), []));
  useEffect(() => {
    if (open) input.current?.focus();
  }, [open]);
  const leave = (key: string) => {
    if (key === "Escape") onChange("");
    if (key === "Escape" || key === "Enter") input.current?.blur();
  };
  const shown = open || text !== "";
  return (
    <>
      <label className={classes(styles.search, shown && styles.open)}>
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          aria-label={words.overview.search}
          placeholder={words.overview.search}
          value={text}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => leave(event.key)}
          onBlur={() => setOpen(false)}
        />
        {text === "" && <Kbd>/</Kbd>}
      </label>
      {!shown && (
        <Button
          look="quiet"
          icon="search"
          label={words.overview.search}
          className={styles.slim}
          onClick={() => setOpen(true)}
        />
      )}
    </>
  );
}

/** On a phone one button holds them all. */
function AllFilters(props: FilterProps & { shown: number }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        look="quiet"
        icon="filter"
        label={words.overview.filters}
        className={classes(styles.slim, isFiltered(props.filters) && styles.on)}
        onClick={() => setOpen(true)}
      />
      {open && (
        <Suspense>
          <FiltersDialog {...props} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function TagsMenu({ filters, tags, onChange }: FilterProps) {
  const words = useWords();
  const toggle = (tag: string) => onChange({ ...filters, tags: toggled(filters.tags, tag) });
  const items = (): MenuItem[] =>
    tags.length === 0
      ? [{ kind: "heading", key: "none", text: words.overview.noTags }]
      : tags.map((tag) => ({ key: tag, text: tag, chosen: filters.tags.has(tag), onChoose: () => toggle(tag) }));
  const name = filters.tags.size > 0 ? words.overview.tagsChosen(filters.tags.size) : words.overview.tags;
  return (
    <Menu
      label={name}
      items={items}
      className={classes(styles.button, styles.wide, filters.tags.size > 0 && styles.on)}
    >
      <Icon name="filter" />
      <span>{name}</span>
    </Menu>
  );
}

const HEIGHTS: readonly RowHeight[] = ["two", "one"];

/** The order of the rows, and how high they are. */
function ViewMenu({ filters, height, onChange, onHeight }: Omit<FilterProps, "tags"> & RowProps) {
  const words = useWords();
  const items = (): MenuItem[] => [
    ...SORTS.map((sort) => ({
      key: sort,
      text: words.overview.sort[sort],
      chosen: sort === filters.sort,
      onChoose: () => onChange({ ...filters, sort }),
    })),
    { kind: "heading", key: "rows", text: words.overview.rows.label },
    ...HEIGHTS.map((one) => ({
      key: one,
      text: words.overview.rows[one],
      chosen: one === height,
      onChoose: () => onHeight(one),
    })),
  ];
  return (
    <Menu
      label={`${words.overview.sort.label}: ${words.overview.sort[filters.sort]}`}
      items={items}
      className={classes(styles.button, styles.wide)}
    >
      <Icon name="sort" />
      <span>{words.overview.sort[filters.sort]}</span>
    </Menu>
  );
}
