import { useState } from "react";
import { type Incident, resolve } from "@/api/incidents";
import type { Problem } from "@/api/problems";
import { dropDraft, keepDraft, readDraft } from "@/session/memory";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { TextArea } from "@/ui/Field";
import { ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import { useStore } from "./useIncident";

export default function ResolveDialog({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const words = useWords();
  const said = words.incidents.resolveDialog;
  const key = `incident:${incident.id}:resolve`;
  const store = useStore(incident.id);
  const [text, setText] = useState(() => {
    const kept = readDraft(key);
    return typeof kept === "string" ? kept : "";
  });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const type = (next: string) => {
    setText(next);
    keepDraft(key, next);
  };
  const send = async () => {
    setBusy(true);
    const answer = await resolve(incident.id, text.trim());
    setBusy(false);
    setProblem(answer.ok ? null : answer.problem);
    if (!answer.ok) return;
    dropDraft(key);
    store(answer.data);
    onClose();
  };
  return (
    <Dialog
      open
      stays
      onClose={onClose}
      title={said.title(incident.id)}
      explain={incident.monitor === null ? undefined : said.explain}
      foot={
        <>
          <Button look="primary" busy={busy && said.resolving} onClick={() => void send()}>
            {said.resolve}
          </Button>
          <Button look="quiet" onClick={onClose}>
            {words.common.cancel}
          </Button>
        </>
      }
    >
      <TextArea
        label={said.text}
        optional
        help={said.help}
        errors={problem?.kind === "invalid" ? problem.fields.text : undefined}
        maxLength={10_000}
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
        }}
      />
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
