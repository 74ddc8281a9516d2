/** Find or do: the current monitor's actions first, then pages and monitors, then what can be made. */
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { useRoute } from "@/routing";
import { useActions } from "@/screens/overview/useActions";
import { Kbd } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { TopDialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { useMonitors } from "./monitors";
import { type Entry, find, type Group, highlight } from "./palette-entries";
import styles from "./Palette.module.css";
import { useEntries } from "./usePaletteEntries";

export default function Palette({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const { path, id } = useRoute();
  const { rows } = useMonitors();
  const [text, setText] = useState("");
  const [scoped, setScoped] = useState(path.startsWith("/monitors/"));
  const scope = scoped && id !== null ? rows.get(id) : undefined;
  const entries = useEntries(scope, useActions());
  const wanted = useDeferredValue(text);
  const groups = useMemo(() => find(entries, wanted), [entries, wanted]);
  const found = groups.flatMap((group) => group.entries);
  const [at, setAt] = useState(0);
  const chosen = found[Math.min(at, found.length - 1)];
  const list = useId();

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0)
      setAt((Math.min(at, found.length - 1) + step + found.length) % found.length);
    else if (event.key === "Enter") run(chosen);
    else if (event.key === "Backspace" && text === "" && scope) setScoped(false);
    else return;
    event.preventDefault();
  };
  return (
    <TopDialog open onClose={onClose} title={words.palette.label}>
      <div className={styles.ask}>
        <Icon name="search" />
        {scope && <span className={styles.scope}>{scope.name}</span>}
        <input
          autoFocus
          role="combobox"
          aria-label={words.palette.label}
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={chosen ? `${list}-${chosen.key}` : undefined}
          placeholder={words.palette.placeholder}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
        />
        <Kbd>Esc</Kbd>
      </div>
      <div id={list} role="listbox" aria-label={words.palette.results} className={styles.list}>
        {groups.map((group) => (
          <Part
            key={group.name}
            group={group}
            text={wanted}
            chosen={chosen}
            list={list}
            onRun={run}
            onPoint={(entry) => setAt(found.indexOf(entry))}
          />
        ))}
        {found.length === 0 && <div className={styles.nothing}>{words.palette.nothing(wanted)}</div>}
      </div>
      <Foot scope={scope?.name} />
    </TopDialog>
  );
}

type PartProps = {
  group: Group;
  text: string;
  chosen: Entry | undefined;
  list: string;
  onRun: (entry: Entry) => void;
  onPoint: (entry: Entry) => void;
};

function Part({ group, text, chosen, list, onRun, onPoint }: PartProps) {
  const words = useWords();
  const title = words.palette[group.name];
  return (
    <div role="group" aria-label={title}>
      <div className={styles.title} aria-hidden="true">
        {title}
      </div>
      {group.entries.map((entry) => (
        <Option
          key={entry.key}
          id={`${list}-${entry.key}`}
          entry={entry}
          text={text}
          chosen={entry === chosen}
          onRun={onRun}
          onPoint={onPoint}
        />
      ))}
    </div>
  );
}

type OptionProps = Pick<PartProps, "text" | "onRun" | "onPoint"> & { id: string; entry: Entry; chosen: boolean };

function Option({ id, entry, text, chosen, onRun, onPoint }: OptionProps) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) ref.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <div
      ref={ref}
      id={id}
      role="option"
      aria-selected={chosen}
      className={classes(styles.option, chosen && styles.chosen)}
      onClick={() => onRun(entry)}
      onPointerMove={() => !chosen && onPoint(entry)}
    >
      <span className={styles.icon}>
        {entry.status ? <StateIcon status={entry.status} /> : entry.icon && <Icon name={entry.icon} />}
      </span>
      <span className="grow clip">
        {highlight(entry.name, text).map((part, index) => (part.found ? <b key={index}>{part.text}</b> : part.text))}
        {entry.detail && <span className={styles.detail}>{entry.detail}</span>}
      </span>
      {entry.keys?.map((key) => (
        <Kbd key={key}>{key}</Kbd>
      ))}
    </div>
  );
}

function Foot({ scope }: { scope: string | undefined }) {
  const { palette } = useWords();
  return (
    <div className={styles.foot} aria-hidden="true">
      <span>
        <Kbd>↑</Kbd> <Kbd>↓</Kbd> {palette.choose}
      </span>
      <span>
        <Kbd>↵</Kbd> {palette.do}
      </span>
      {scope && (
        <span className="clip">
          <Kbd>⌫</Kbd> {palette.leave(scope)}
        </span>
      )}
    </div>
  );
}
