import { useMemo } from "react";
import { api, type Answer, ask } from "@/api/client";
import type { OverviewRow } from "@/api/overview";
import type { Problem } from "@/api/problems";
import { go } from "@/routing";
import { useSignedIn } from "@/session";
import { useMonitors } from "@/shell/monitors";
import type { MenuItem } from "@/ui/Menu";
import { tellProblem } from "@/ui/Notices";
import { showToast } from "@/ui/toasts";
import { useWords } from "@/words";
import { askToDelete } from "./deleting";

export type Actions = {
  check: (rows: readonly OverviewRow[]) => void;
  pause: (rows: readonly OverviewRow[]) => void;
  resume: (rows: readonly OverviewRow[]) => void;
  edit: (row: OverviewRow) => void;
  open: (row: OverviewRow) => void;
  itemsFor: (row: OverviewRow) => readonly MenuItem[];
};

const CHECKS_AT_ONCE = 3;

const idsOf = (rows: readonly OverviewRow[]) => rows.map((row) => row.id);

/** What can be done with monitors in the list; each says what it did and, where that can be, offers to undo it. */
export function useActions(): Actions {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const { refresh, change } = useMonitors();
  return useMemo((): Actions => {
    const said = words.overview;
    const fail = (problem: Problem) =>
      showToast({ status: "down", text: said.bulk.failed(tellProblem(problem, words)) });

    const toggle = async (rows: readonly OverviewRow[], action: "pause" | "resume", canUndo = true) => {
      const ids = idsOf(rows);
      const answer = await ask(api.POST("/api/v1/monitors/bulk", { body: { action, ids } }));
      if (!answer.ok) return void fail(answer.problem);
      const status = action === "pause" ? "paused" : "pending";
      change(ids, (row) => ({ ...row, enabled: action === "resume", status }));
      refresh();
      const back = action === "pause" ? "resume" : "pause";
      const changed = rows.filter((row) => row.enabled === (action === "pause")); // what was so before stays so
      showToast({
        status,
        text: said.bulk.done[action](ids.length),
        ...(canUndo && changed.length > 0 ? { undo: () => void toggle(changed, back, false) } : {}),
      });
    };

    const check = async (rows: readonly OverviewRow[]) => {
      const waiting = idsOf(rows.filter((row) => row.kind !== "heartbeat"));
      const count = waiting.length;
      const answers: Answer<unknown>[] = [];
      const lane = async () => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
          answers.push(await ask(api.POST("/api/v1/monitors/{id}/check", { params: { path: { id } } })));
      };
      await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, lane));
      refresh();
      const failed = answers.find((answer) => !answer.ok);
      if (failed) return void fail(failed.problem);
      showToast({ status: "up", text: said.bulk.done.check(count) });
    };

    const clone = async (row: OverviewRow) => {
      const answer = await ask(api.POST("/api/v1/monitors/{id}/clone", { params: { path: { id: row.id } } }));
      if (!answer.ok) return void fail(answer.problem);
      refresh();
      go(`/monitors/${answer.data.id}/edit/`);
    };

    const actions: Actions = {
      check: (rows) => void check(rows),
      pause: (rows) => void toggle(rows, "pause"),
      resume: (rows) => void toggle(rows, "resume"),
      edit: (row) => go(`/monitors/${row.id}/edit/`),
      open: (row) => go(`/monitors/${row.id}/`),
      itemsFor: (row) => {
        const open: MenuItem = { key: "open", text: said.open, hint: "↵", onChoose: () => actions.open(row) };
        if (!mayEdit) return [open];
        return [
          open,
          { key: "edit", text: said.edit, icon: "edit", hint: "E", onChoose: () => actions.edit(row) },
          { key: "check", text: said.checkNow, icon: "check", hint: "C", onChoose: () => actions.check([row]) },
          row.enabled
            ? { key: "pause", text: said.pause, icon: "pause", hint: "P", onChoose: () => actions.pause([row]) }
            : { key: "resume", text: said.resume, icon: "resume", hint: "P", onChoose: () => actions.resume([row]) },
          { key: "clone", text: said.clone, icon: "copy", onChoose: () => void clone(row) },
          { kind: "line", key: "line" },
          { key: "delete", text: said.delete, icon: "trash", danger: true, onChoose: () => askToDelete([row.id]) },
        ];
      },
    };
    return actions;
  }, [words, mayEdit, refresh, change]);
}
