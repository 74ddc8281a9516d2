import { type ReactNode, useState } from "react";
import { Labelled, BareSelect, Input } from "@/ui/Field";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { useWords } from "@/words";
import { Control, exampleOf, tellServer, useAround } from "./Control";
import { faultsAt } from "./faults";
import { type Field, SECTIONS, type SectionName, textOf } from "./fields";
import styles from "./Form.module.css";
import { KindPicker } from "./KindPicker";
import { foldFields, leadOf } from "./model";
import type { FormState } from "./useForm";
import { WhoIsTold } from "./WhoIsTold";

/** The form in its parts: what to watch, what counts as up, how it is asked, how often, who is told. */
export function Sections({ form, team }: { form: FormState; team: number }) {
  const words = useWords();
  const said = words.monitorForm;
  const lead = leadOf(form.fields);
  if (!form.form) return null;
  return (
    <>
      {SECTIONS.map((name) => {
        const fields = form.fields.filter((field) => field.section === name && field !== lead);
        if (fields.length === 0) return null;
        const heartbeat = name === "schedule" && !form.form?.testable;
        const texts = heartbeat ? said.sections.expected : said.sections[name];
        return (
          <Section key={name} title={texts.title} help={name === "target" && form.id !== null ? "" : texts.help}>
            {name === "target" && form.form && (
              <div className={styles.kind}>
                <span className="b">{said.kind}</span>
                <KindPicker kinds={form.kinds} kind={form.form} onChoose={form.choose} fixed={form.id !== null} />
              </div>
            )}
            <Fields form={form} name={name} fields={fields} lead={name === "target" ? lead : null} />
          </Section>
        );
      })}
      <Section title={said.sections.told.title} help={said.sections.told.help}>
        <WhoIsTold team={team} id={form.id} tags={(form.values.tags ?? []) as string[]} />
      </Section>
    </>
  );
}

function Section({ title, help, children }: { title: string; help: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <div>
        <h2>{title}</h2>
        {help && <p>{help}</p>}
      </div>
      <div className={styles.stack}>{children}</div>
    </section>
  );
}

type FieldsProps = { form: FormState; name: SectionName; fields: Field[]; lead: Field | null };

function Fields({ form, name, fields, lead }: FieldsProps) {
  const { values, defaults, opened, faults } = form;
  const faulty = (path: string) => faultsAt(faults, path).length > 0;
  const { shown, folded } = foldFields(fields, { values, defaults, opened, faulty });
  const [fresh, setFresh] = useState("");
  const open = (path: string) => {
    form.open(path);
    setFresh(path);
  };
  return (
    <>
      {shown.length > 0 && (
        <div className={styles.grid}>
          {shown.map((field) => (
            <div
              key={field.path}
              className={classes(styles[widthOf(field, name)])}
              ref={field.path === fresh ? focusFirst : null}
            >
              {field.path === "url" && lead ? (
                <Target form={form} field={field} lead={lead} />
              ) : (
                <Control
                  field={field}
                  value={values[field.path] ?? null}
                  errors={faultsAt(faults, field.path)}
                  onType={(value) => form.type(field.path, value)}
                  placeholder={field.path === "name" ? form.hint || exampleOf(field) : undefined}
                />
              )}
            </div>
          ))}
        </div>
      )}
      {folded.length > 0 && <Folded fields={folded} onOpen={open} />}
    </>
  );
}

function focusFirst(element: HTMLElement | null): void {
  element?.querySelector<HTMLElement>("input, select, textarea")?.focus();
}

/** Columns of six. */
function widthOf(field: Field, section: SectionName): "third" | "half" | "rest" | "whole" {
  if (field.path === "url" || field.type === "switch" || field.type === "headers" || field.type === "variants")
    return "whole";
  if (field.type === "textarea" || field.type === "choices" || field.type === "monitors") return "whole";
  if (field.type === "list" && field.items === "text") return "whole";
  if (section !== "schedule") return "half";
  return field.type === "number" ? "third" : "rest";
}

/** The target, and before it how it is asked: "GET", "MX", "STARTTLS". */
function Target({ form, field, lead }: { form: FormState; field: Field; lead: Field }) {
  const words = useWords();
  const errors = [...faultsAt(form.faults, field.path), ...faultsAt(form.faults, lead.path)];
  const leadLabel = tellServer(lead.label, words);
  return (
    <Labelled {...useAround(field, errors)}>
      {(ids) => (
        <div className={styles.target}>
          <BareSelect
            aria-label={leadLabel}
            data-tip={leadLabel}
            data-path={lead.path}
            choices={(lead.choices ?? []).map((one) => ({ ...one, label: tellServer(one.label, words) }))}
            value={textOf(form.values[lead.path] ?? null)}
            onChoose={(chosen) => form.type(lead.path, chosen)}
          />
          <Input
            {...ids}
            mono
            data-path={field.path}
            placeholder={exampleOf(field)}
            spellCheck={false}
            autoComplete="off"
            inputMode="url"
            value={textOf(form.values[field.path] ?? null)}
            onChange={(event) => form.type(field.path, event.target.value)}
          />
        </div>
      )}
    </Labelled>
  );
}

/** "+ JSON path, Headers or Body": a word opens its field. */
function Folded({ fields, onOpen }: { fields: Field[]; onOpen: (path: string) => void }) {
  const words = useWords();
  return (
    <div className={styles.folded}>
      <Icon name="plus" />
      <span>
        {fields.map((field, index) => (
          <span key={field.path}>
            {index > 0 && (index === fields.length - 1 ? ` ${words.monitorForm.or} ` : ", ")}
            <button type="button" className="link" onClick={() => onOpen(field.path)}>
              {tellServer(field.label, words)}
            </button>
          </span>
        ))}
      </span>
    </div>
  );
}
