import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useWords } from "@/words";
import { changesOf, type Change, tellValue } from "./conflict";
import { tellServer } from "./Control";
import styles from "./Form.module.css";
import type { FormState } from "./useForm";
import type { Conflict } from "./useSave";

type Props = {
  form: FormState;
  conflict: Conflict;
  saving: boolean;
  onSaveAnyway: () => void;
  onTakeTheirs: () => void;
  onClose: () => void;
};

/** Somebody saved meanwhile: what they changed, and whose wins where both changed the same. */
export default function ConflictDialog({ form, conflict, saving, onSaveAnyway, onTakeTheirs, onClose }: Props) {
  const words = useWords();
  const said = words.monitorForm.conflict;
  const changes = changesOf(form.fields, form.base, conflict.theirs, form.values);
  const both = changes.filter((change) => "yours" in change);
  return (
    <Dialog
      open
      stays
      wide
      onClose={onClose}
      title={said.title}
      explain={both.length > 0 ? said.bothExplain : said.explain}
      foot={
        <>
          <Button look="primary" busy={saving && words.common.saving} onClick={onSaveAnyway}>
            {said.saveAnyway}
          </Button>
          <Button onClick={onTakeTheirs}>{said.takeTheirs}</Button>
          <Button look="quiet" onClick={onClose}>
            {said.goOn}
          </Button>
        </>
      }
    >
      {changes.length === 0 && <p className={styles.empty}>{said.nothingSeen}</p>}
      <ul className={styles.changes}>
        {changes.map((change) => (
          <OneChange key={change.field.path} change={change} />
        ))}
      </ul>
    </Dialog>
  );
}

function OneChange({ change }: { change: Change }) {
  const words = useWords();
  const said = words.monitorForm.conflict;
  const tell = (value: Change["was"]) => tellValue(change.field, value, words.monitorForm.values);
  return (
    <li>
      <span className="b">{tellServer(change.field.label, words)}</span>
      <dl className={styles.values}>
        <dt>{said.was}</dt>
        <dd className="t2">{tell(change.was)}</dd>
        <dt>{said.theirs}</dt>
        <dd>{tell(change.now)}</dd>
        {change.yours !== undefined && (
          <>
            <dt>{said.yours}</dt>
            <dd className="b">{tell(change.yours)}</dd>
          </>
        )}
      </dl>
    </li>
  );
}
