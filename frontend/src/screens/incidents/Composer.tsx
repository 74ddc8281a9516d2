import { type KeyboardEvent, type RefObject, useId } from "react";
import type { Incident } from "@/api/incidents";
import { Button } from "@/ui/Button";
import { Checkbox, Segmented } from "@/ui/Choices";
import { Icon } from "@/ui/Icon";
import { Menu, type MenuItem } from "@/ui/Menu";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import styles from "./Composer.module.css";
import { type Draft, isReady, STATUSES } from "./draft";
import { subscribersOf } from "./telling";
import { useDraft } from "./useDraft";

type Props = { incident: Incident; field: RefObject<HTMLTextAreaElement | null> };
type PartProps = { incident: Incident; draft: Draft; change: (changes: Partial<Draft>) => void };

/** Who reads it, what state it becomes, where it is said. What is typed is kept until it is posted. */
export function Composer({ incident, field }: Props) {
  const said = useWords().incidents.composer;
  const { draft, change, post, busy, problem } = useDraft(incident);
  const fault = problem?.kind === "invalid" ? Object.values(problem.fields).flat().join(" ") : "";
  const errorId = useId();
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") field.current?.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) post();
  };
  const parts = { incident, draft, change };
  return (
    <section className={styles.around} aria-label={said.label}>
      <div className={styles.composer}>
        <div className={styles.head}>
          <Segmented
            label={said.who}
            choices={[
              { value: "note", label: said.note },
              { value: "public", label: said.public },
            ]}
            value={draft.public ? "public" : "note"}
            onChoose={(who) => change({ public: who === "public" })}
          />
          <span className={styles.gap} />
          {incident.resolved_at === null && <Becomes {...parts} />}
        </div>
        <textarea
          ref={field}
          className={styles.text}
          rows={2}
          aria-label={said.label}
          aria-invalid={!!fault || undefined}
          aria-describedby={fault ? errorId : undefined}
          placeholder={draft.public ? said.placeholder : said.placeholderNote}
          maxLength={10_000}
          value={draft.text}
          onChange={(event) => change({ text: event.target.value })}
          onKeyDown={onKey}
        />
        <div className={styles.foot}>
          <Readers {...parts} />
          <Button
            size="small"
            icon="send"
            busy={busy && said.posting}
            disabled={!isReady(draft) || busy}
            onClick={post}
          >
            {draft.public ? said.post : said.saveNote}
          </Button>
        </div>
      </div>
      {fault && (
        <p id={errorId} className="down s" role="alert">
          {fault}
        </p>
      )}
      <ProblemNote problem={problem} />
    </section>
  );
}

function Becomes({ incident, draft, change }: PartProps) {
  const { incidents } = useWords();
  const said = incidents.composer;
  const changes = draft.status !== null && draft.status !== incident.status;
  const shown = incidents.statusWithin[draft.status ?? incident.status];
  const items = (): MenuItem[] =>
    STATUSES.map((status) => ({
      key: status,
      text: incidents.status[status],
      chosen: status === (draft.status ?? incident.status),
      onChoose: () => change({ status }),
    }));
  return (
    <Menu label={said.stateBecomes} items={items} className={styles.becomes}>
      <span>
        {changes ? said.stateBecomes : said.stateStays} <b>{shown}</b>
      </span>
      <Icon name="down" />
    </Menu>
  );
}

function Readers({ incident, draft, change }: PartProps) {
  const said = useWords().incidents.composer;
  if (!draft.public) return <span className={styles.note}>{said.onlyTeam}</span>;
  if (incident.pages.length === 0) return <span className={styles.note}>{said.noPages}</span>;
  const chosen = new Set(draft.pages);
  const toggle = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    change({ pages: [...next] });
  };
  return (
    <>
      <div className={styles.pages} role="group" aria-label={said.pages}>
        {incident.pages.map((page) => (
          <Checkbox key={page.id} checked={chosen.has(page.id)} onChange={() => toggle(page.id)}>
            {page.title}
          </Checkbox>
        ))}
      </div>
      <span className={styles.note} aria-live="polite">
        {chosen.size === 0 ? said.choosePage : said.subscribers(subscribersOf(incident.pages, chosen))}
      </span>
    </>
  );
}
