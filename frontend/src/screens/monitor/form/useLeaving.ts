/** Leaving with something typed: a closed tab is warned of; within the app the draft is kept, and told where it is. */
import { useEffect, useRef } from "react";
import { go, isReloading } from "@/routing";
import { showToast } from "@/ui/toasts";
import { useWords } from "@/words";
import { type Draft, forgetDraft, saveDraft } from "./draft";
import type { FormState } from "./useForm";
import { serverNow } from "@/time";

export function useLeaving(form: FormState) {
  const words = useWords();
  const now = useRef({ form, words });
  const settled = useRef(false);
  useEffect(() => {
    now.current = { form, words };
  }, [form, words]);

  const { dirty } = form;
  useEffect(() => {
    if (!dirty) return;
    const warn = (event: BeforeUnloadEvent) => {
      if (!isReloading()) event.preventDefault();
    };
    // The last word may be younger than the last draft.
    const keep = () => {
      const { form } = now.current;
      if (!settled.current) saveDraft(form.id, draftOf(form), form.fields);
    };
    window.addEventListener("beforeunload", warn);
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("beforeunload", warn);
      window.removeEventListener("pagehide", keep);
    };
  }, [dirty]);

  useEffect(
    () => () => {
      const left = now.current;
      if (left.form.dirty && !settled.current) tellKept(left.form, left.words.monitorForm);
    },
    [],
  );
  return {
    /** It is saved: nothing is left behind. */
    settle: () => {
      settled.current = true;
    },
    /** It is given up, and may be had back. */
    discard: () => {
      settled.current = true;
      if (!form.dirty) return;
      const draft = draftOf(form);
      forgetDraft(form.id);
      const undo = () => {
        saveDraft(form.id, draft, form.fields);
        go(addressOf(form));
      };
      showToast({ text: words.monitorForm.discarded, undo });
    },
  };
}

function tellKept(form: FormState, said: { draftWaits: string; backToIt: string }): void {
  saveDraft(form.id, draftOf(form), form.fields);
  showToast({ text: said.draftWaits, action: { text: said.backToIt, run: () => go(addressOf(form)) } });
}

function draftOf(form: FormState): Draft {
  const { typed, version } = form;
  const base = form.id === null ? null : form.base;
  return { kind: form.form?.kind ?? "", typed, base, version, at: new Date(serverNow()).toISOString() };
}

const addressOf = (form: FormState) => (form.id === null ? "/monitors/new/" : `/monitors/${form.id}/edit/`);
