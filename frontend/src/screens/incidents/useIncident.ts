import { skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { acknowledge, changeSeverity, type Incident, readIncident, type Severity } from "@/api/incidents";
import type { Answer } from "@/api/client";
import type { Problem } from "@/api/problems";
import { useMonitors } from "@/shell/monitors";

const EVERY_MS = 10_000;

export function useIncident(id: number | null) {
  return useQuery({
    queryKey: ["incident", id],
    queryFn: id === null ? skipToken : () => readIncident(id),
    refetchInterval: EVERY_MS,
  });
}

/** Show what a change answered, and let the lists and counts follow. */
export function useStore(id: number): (incident: Incident) => void {
  const queries = useQueryClient();
  const { refresh } = useMonitors();
  return (incident) => {
    queries.setQueryData(["incident", id], incident);
    void queries.invalidateQueries({ queryKey: ["incidents"] });
    refresh();
  };
}

export type Changes = {
  busy: "acknowledge" | "severity" | null;
  problem: Problem | null;
  acknowledge: () => void;
  setSeverity: (severity: Severity) => void;
};

/** What is done at once, without a form. */
export function useChanges(id: number): Changes {
  const store = useStore(id);
  const [busy, setBusy] = useState<Changes["busy"]>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (what: NonNullable<Changes["busy"]>, call: () => Promise<Answer<Incident>>) => {
    setBusy(what);
    const answer = await call();
    setBusy(null);
    setProblem(answer.ok ? null : answer.problem);
    if (answer.ok) store(answer.data);
  };
  return {
    busy,
    problem,
    acknowledge: () => void run("acknowledge", () => acknowledge(id)),
    setSeverity: (severity) => void run("severity", () => changeSeverity(id, severity)),
  };
}
