import { useState } from "react";
import { type Incident, postUpdate } from "@/api/incidents";
import type { Problem } from "@/api/problems";
import { dropDraft, keepDraft, readDraft } from "@/session/memory";
import { type Draft, draftKey, emptyDraft, isReady, restore, toUpdate } from "./draft";
import { useStore } from "./useIncident";

export function useDraft(incident: Incident) {
  const key = draftKey(incident.id);
  const store = useStore(incident.id);
  const [draft, setDraft] = useState<Draft>(() => restore(readDraft(key), incident.pages));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const change = (changes: Partial<Draft>) => {
    const next = { ...draft, ...changes };
    setDraft(next);
    keepDraft(key, next);
  };
  const post = async () => {
    if (busy || !isReady(draft)) return;
    setBusy(true);
    const answer = await postUpdate(incident.id, toUpdate(draft, incident));
    setBusy(false);
    setProblem(answer.ok ? null : answer.problem);
    if (!answer.ok) return;
    dropDraft(key);
    setDraft({ ...emptyDraft(answer.data.pages), public: draft.public });
    store(answer.data);
  };
  return { draft, change, post: () => void post(), busy, problem };
}
