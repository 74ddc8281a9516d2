/** Asks before the monitor and all that belongs to it is deleted. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { Problem } from "@/api/problems";
import { go } from "@/routing";
import { useMonitors } from "@/shell/monitors";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ProblemNote } from "@/ui/Notices";
import { showToast } from "@/ui/toasts";
import { useWords } from "@/words";
import { pathOf } from "../data/queries";
import type { Monitor } from "../data/shapes";

export default function DeleteDialog({ monitor, onClose }: { monitor: Monitor; onClose: () => void }) {
  const words = useWords();
  const said = words.monitor.remove;
  const queries = useQueryClient();
  const { refresh } = useMonitors();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const remove = async () => {
    setBusy(true);
    const answer = await ask(api.DELETE("/api/v1/monitors/{id}/", { params: pathOf(monitor.id) }));
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    showToast({ text: said.done(monitor.name) });
    refresh();
    go("/");
    queries.removeQueries({ queryKey: ["monitor", monitor.id] });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={said.title(monitor.name)}
      explain={said.explain}
      foot={
        <>
          <Button look="dangerFilled" busy={busy && said.busy} onClick={() => void remove()}>
            {said.now}
          </Button>
          <Button look="quiet" onClick={onClose}>
            {words.common.cancel}
          </Button>
        </>
      }
    >
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
