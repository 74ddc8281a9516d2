/** What a person does with the monitor: one request each, its answer shown at once. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Answer, api, ask } from "@/api/client";
import type { Problem } from "@/api/problems";
import { go } from "@/routing";
import { useMonitors } from "@/shell/monitors";
import { showToast } from "@/ui/toasts";
import { useWords } from "@/words";
import { pathOf } from "../data/queries";
import type { Monitor } from "../data/shapes";

export type Act = "check" | "pause" | "resume" | "acknowledge" | "duplicate";

export type MonitorActions = {
  busy: Act | null;
  failed: { act: Act; problem: Problem } | null;
  run: (act: Act) => void;
};

export function useMonitorActions(monitor: Monitor, incidentId: number | null): MonitorActions {
  const words = useWords();
  const queries = useQueryClient();
  const { refresh } = useMonitors();
  const [busy, setBusy] = useState<Act | null>(null);
  const [failed, setFailed] = useState<MonitorActions["failed"]>(null);
  const said = words.monitor.act;

  const perform = async (act: Act) => {
    setBusy(act);
    setFailed(null);
    const answer = await send(act, monitor, incidentId);
    setBusy(null);
    if (!answer) return;
    if (!answer.ok) {
      setFailed({ act, problem: answer.problem });
      return;
    }
    void queries.invalidateQueries({ queryKey: ["monitor", monitor.id] });
    refresh();
    if (act === "pause") showToast({ text: said.paused(monitor.name), undo: () => void perform("resume") });
    if (act === "resume") showToast({ text: said.resumed(monitor.name) });
    if (act === "duplicate") go(`/monitors/${(answer.data as Monitor).id}/edit/`);
  };

  const run = (act: Act) => {
    if (busy === null) void perform(act);
  };
  return { busy, failed, run };
}

async function send(act: Act, monitor: Monitor, incidentId: number | null): Promise<Answer<unknown> | null> {
  const params = pathOf(monitor.id);
  switch (act) {
    case "check":
      return ask(api.POST("/api/v1/monitors/{id}/check", { params }));
    case "pause":
      return ask(api.POST("/api/v1/monitors/{id}/pause", { params }));
    case "resume":
      return ask(api.POST("/api/v1/monitors/{id}/resume", { params }));
    case "duplicate":
      return ask(api.POST("/api/v1/monitors/{id}/clone", { params, body: {} }));
    case "acknowledge":
      if (incidentId === null) return null;
      return ask(api.POST("/api/v1/incidents/{id}/acknowledge", { params: pathOf(incidentId) }));
  }
}
