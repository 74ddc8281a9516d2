/** Saving: what is new or changed, on the version it was typed over. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Answer, type Schema } from "@/api/client";
import { useMonitors } from "@/shell/monitors";
import { forgetDraft } from "./draft";
import { type Values, valuesOf } from "./fields";
import { bodyOf, newBody } from "./model";
import type { FormState } from "./useForm";
import type { Stored } from "./useKinds";

export type Conflict = { theirs: Values; version: string };

export function useSave(form: FormState, team: number, onSaved: (monitor: Stored) => void) {
  const queries = useQueryClient();
  const monitors = useMonitors();
  const [saving, setSaving] = useState(false);
  const [conflict, setConflict] = useState<Conflict | null>(null);

  const done = (monitor: Stored) => {
    forgetDraft(form.id);
    setConflict(null);
    void queries.invalidateQueries({ queryKey: ["graphs"] });
    void queries.invalidateQueries({ queryKey: ["monitor"] });
    // A team's first monitor brings the channel and the rule by which its owners are told.
    void queries.invalidateQueries({ queryKey: ["channels"] });
    void queries.invalidateQueries({ queryKey: ["alert-rules"] });
    monitors.refresh();
    onSaved(monitor);
  };
  const showTheirs = async () => {
    if (form.id === null) return;
    const answer = await ask(api.GET("/api/v1/monitors/{id}/", { params: { path: { id: form.id } } }));
    if (!answer.ok) form.setProblem(answer.problem);
    else setConflict({ theirs: valuesOf(form.fields, answer.data), version: answer.data.version });
  };
  /** `over`: the version to save on; without it, the one that the form began with. */
  const save = async (over: string | null = form.version) => {
    if (saving) return;
    setSaving(true);
    form.setProblem(null);
    const answer = await (form.id === null ? create(form, team) : change(form, form.id, over));
    setSaving(false);
    if (answer.ok) {
      done(answer.data);
      return;
    }
    if (answer.problem.kind === "changedMeanwhile") return showTheirs();
    if (answer.problem.kind === "invalid") form.setFaults(answer.problem.fields);
    form.setProblem(answer.problem);
  };
  return { save, saving, conflict, closeConflict: () => setConflict(null) };
}

function create(form: FormState, team: number): Promise<Answer<Stored>> {
  if (!form.form) return Promise.resolve({ ok: false, problem: { kind: "offline" } });
  const body = { ...newBody(form.form, form.fields, form.values, form.hint), team };
  return ask(api.POST("/api/v1/monitors/", { body: body as unknown as Schema["MonitorRequest"] }));
}

function change(form: FormState, id: number, version: string | null): Promise<Answer<Stored>> {
  const { config, ...settings } = bodyOf(form.fields, form.values, form.changed);
  const body = Object.keys(config).length > 0 ? { ...settings, config } : settings;
  const header = version === null ? {} : { "If-Match": `"${version}"` };
  return ask(
    api.PATCH("/api/v1/monitors/{id}/", {
      params: { path: { id }, header },
      body: body,
    }),
  );
}
