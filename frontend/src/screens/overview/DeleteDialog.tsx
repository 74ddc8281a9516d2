import { useState } from "react";
import { api, ask } from "@/api/client";
import type { Problem } from "@/api/problems";
import { useMonitors } from "@/shell/monitors";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ProblemNote } from "@/ui/Notices";
import { showToast } from "@/ui/toasts";
import { useWords } from "@/words";
import { stopAsking } from "./deleting";
import styles from "./BulkBar.module.css";

const NAMED = 5;

export default function DeleteDialog({ ids }: { ids: readonly number[] }) {
  const { overview, common } = useWords();
  const monitors = useMonitors();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const names = ids.flatMap((id) => monitors.rows.get(id)?.name ?? []);
  const remove = async () => {
    setBusy(true);
    const answer = await ask(api.POST("/api/v1/monitors/bulk", { body: { action: "delete", ids: [...ids] } }));
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    monitors.refresh();
    showToast({ text: overview.bulk.done.delete(ids.length) });
    stopAsking();
  };
  return (
    <Dialog
      open
      onClose={stopAsking}
      title={overview.bulk.deleteTitle(ids.length)}
      explain={overview.bulk.deleteExplain(ids.length)}
      foot={
        <>
          <Button look="dangerFilled" busy={busy && overview.bulk.deleting} onClick={() => void remove()}>
            {overview.bulk.deleteNow(ids.length)}
          </Button>
          <Button onClick={stopAsking}>{common.cancel}</Button>
        </>
      }
    >
      <ul className={styles.names}>
        {names.slice(0, NAMED).map((name, index) => (
          <li key={ids[index]} className="b clip">
            {name}
          </li>
        ))}
        {names.length > NAMED && <li className="t3">+{names.length - NAMED}</li>}
      </ul>
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
