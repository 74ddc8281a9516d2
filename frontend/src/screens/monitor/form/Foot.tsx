import { Button } from "@/ui/Button";
import { ProblemNote } from "@/ui/Notices";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { tellServer } from "./Control";
import { faultyFields } from "./faults";
import styles from "./Form.module.css";
import { checksADay } from "./model";
import type { FormState } from "./useForm";

type Props = { form: FormState; regions: number; saving: boolean; onCancel: () => void };

/** What needs somebody, what it will do, and the one button. */
export function Foot({ form, regions, saving, onCancel }: Props) {
  const words = useWords();
  const said = words.monitorForm;
  const faulty = faultyFields(form.fields, form.values, form.faults);
  const day = form.form?.testable ? checksADay(form.values, regions) : null;
  return (
    <div className={styles.foot}>
      {faulty.length > 0 && (
        <span className={styles.needs} role="status">
          <StateIcon status="down" />
          <span>
            {said.needYou(faulty.length)}{" "}
            {faulty.slice(0, 4).map((field, index) => (
              <span key={field.path}>
                {index > 0 && ", "}
                <button type="button" className="link" onClick={() => focusField(field.path)}>
                  {tellServer(field.label, words)}
                </button>
              </span>
            ))}
          </span>
        </span>
      )}
      {/* Here, and not among the fields: the button that caused it is here, and always seen. */}
      <ProblemNote problem={form.problem} />
      <span className="grow" />
      {day && <span className={`t3 ${styles.count ?? ""}`}>{said.checksADay(day.checks, day.regions)}</span>}
      <Button look="quiet" onClick={onCancel}>
        {words.common.cancel}
      </Button>
      <Button
        look="primary"
        type="submit"
        disabled={form.id !== null && !form.dirty}
        busy={saving && words.common.saving}
      >
        {form.id === null ? said.add : said.save}
      </Button>
    </div>
  );
}

/** The control of a field, once it is drawn: an error opens what was folded. */
export function focusField(path: string): void {
  const find = () => document.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
  requestAnimationFrame(() => {
    find()?.scrollIntoView({ block: "center" });
    find()?.focus({ preventScroll: true });
  });
}
