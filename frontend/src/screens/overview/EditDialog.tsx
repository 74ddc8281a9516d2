import { type SubmitEvent, useState } from "react";
import { api, ask, type Schema } from "@/api/client";
import type { Problem } from "@/api/problems";
import { useMonitors } from "@/shell/monitors";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { ProblemNote } from "@/ui/Notices";
import { showToast } from "@/ui/toasts";
import { useWords } from "@/words";

type Props = { ids: readonly number[]; onClose: () => void };

const listOf = (text: string) =>
  text
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);

/** What many monitors may get at once: tags, and how often they are checked. */
export default function EditDialog({ ids, onClose }: Props) {
  const { overview, common } = useWords();
  const monitors = useMonitors();
  const [wanted, setWanted] = useState({ add: "", remove: "", interval: "" });
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const faults = problem?.kind === "invalid" ? problem.fields : {};
  const set = (key: keyof typeof wanted) => (event: { target: { value: string } }) =>
    setWanted({ ...wanted, [key]: event.target.value });
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    const body: Schema["BulkRequest"] = { action: "edit", ids: [...ids] };
    if (wanted.add) body.add_tags = listOf(wanted.add);
    if (wanted.remove) body.remove_tags = listOf(wanted.remove);
    if (wanted.interval) body.interval_s = Number(wanted.interval);
    const answer = await ask(api.POST("/api/v1/monitors/bulk", { body }));
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    monitors.refresh();
    showToast({ text: overview.bulk.done.edit(ids.length) });
    onClose();
  };
  const nothing = !wanted.add && !wanted.remove && !wanted.interval;
  return (
    <Dialog open stays onClose={onClose} title={overview.bulk.tagsTitle(ids.length)}>
      <form className="stack" onSubmit={(event) => void save(event)}>
        <Field
          label={overview.bulk.addTag}
          help={overview.bulk.tagsHelp}
          value={wanted.add}
          errors={faults.add_tags}
          onChange={set("add")}
        />
        <Field
          label={overview.bulk.removeTag}
          value={wanted.remove}
          errors={faults.remove_tags}
          onChange={set("remove")}
        />
        <Field
          label={overview.bulk.interval}
          inputMode="numeric"
          pattern="[0-9]*"
          unit="s"
          value={wanted.interval}
          errors={faults.interval_s}
          onChange={set("interval")}
        />
        <ProblemNote problem={problem} />
        <div className="row-x wraps">
          <Button look="primary" type="submit" disabled={nothing} busy={busy && overview.bulk.saving}>
            {common.save}
          </Button>
          <Button onClick={onClose}>{common.cancel}</Button>
        </div>
      </form>
    </Dialog>
  );
}
