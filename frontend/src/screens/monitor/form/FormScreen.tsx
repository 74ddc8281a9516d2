import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { lazyPart } from "@/routing/parts";
import { api, read } from "@/api/client";
import { go, replaceQuery } from "@/routing";
import { useSignedIn } from "@/session";
import { useKeys } from "@/shell/keys";
import { Screen } from "@/shell/Screen";
import { serverNow, tellDayAndTime, tellTime } from "@/time";
import { Button } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { CopyButton } from "@/ui/Notices";
import { useWords } from "@/words";
import { faultyFields, homelessFaults } from "./faults";
import { Foot, focusField } from "./Foot";
import styles from "./Form.module.css";
import { copyOf } from "./model";
import { Sections } from "./Sections";
import { TestPanel } from "./TestPanel";
import { type FormState, useForm } from "./useForm";
import type { Stored } from "./useKinds";
import { useLeaving } from "./useLeaving";
import { useSave } from "./useSave";
import { useTest } from "./useTest";

const ConflictDialog = lazyPart(() => import("./ConflictDialog"));

type Props = { start: Parameters<typeof useForm>[0] };

/** The form, its test beside it, and what saving it does. */
export function FormScreen({ start }: Props) {
  const words = useWords();
  const said = words.monitorForm;
  const { team } = useSignedIn();
  const form = useForm(start);
  const teamId = start.stored?.team ?? team.id;
  const test = useTest(form, teamId);
  const [noted, setNoted] = useState(start.stored !== null && form.version !== start.stored.version);
  const leaving = useLeaving(form);
  const saving = useSave(form, teamId, (monitor) => {
    leaving.settle();
    showSaved(monitor, form);
  });
  const regions = useRegions();
  const submit = () => void saving.save();
  useFirstFault(form);
  useKeys(
    useMemo(() => {
      const save = () => document.querySelector<HTMLFormElement>("#monitor-form")?.requestSubmit();
      return { t: () => void test.run(), "ctrl+s": save, "ctrl+Enter": save };
    }, [test]),
  );
  const cancel = () => {
    leaving.discard();
    go(form.id === null ? "/" : `/monitors/${form.id}/`);
  };
  const name = start.stored?.name ?? "";
  const back =
    form.id === null ? { href: "/", text: words.nav.monitors } : { href: `/monitors/${form.id}/`, text: name };
  const homeless = homelessFaults(form.fields, form.values, form.faults, words.fromServer);
  return (
    <Screen
      title={form.id === null ? said.addTitle : said.editTitle}
      tab={form.id === null ? said.addTitle : said.editOf(name)}
      back={back}
      beside={
        form.draftAt && <span className={styles.draft}>{said.draftKept(tellTime(form.draftAt, words.locale))}</span>
      }
      actions={
        form.form && (
          <CopyButton text={copyOf(form.form, form.fields, form.values, form.hint)}>{said.copyJson}</CopyButton>
        )
      }
      width="table"
    >
      <form
        id="monitor-form"
        className={styles.all}
        noValidate
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className={classes(styles.page, !form.form?.testable && styles.alone)}>
          <div className={styles.form}>
            {form.restoredAt && <Restored form={form} changed={noted} onSeen={() => setNoted(false)} />}
            <Sections form={form} team={teamId} />
            {homeless.length > 0 && <p className="down">{homeless.join(" ")}</p>}
          </div>
          {form.form?.testable && <TestPanel form={form} test={test} />}
        </div>
        <Foot form={form} regions={regions} saving={saving.saving} onCancel={cancel} />
      </form>
      <Suspense>
        {saving.conflict && (
          <ConflictDialog
            form={form}
            conflict={saving.conflict}
            saving={saving.saving}
            onSaveAnyway={() => void saving.save(saving.conflict?.version)}
            onTakeTheirs={() => take(form, saving, true)}
            onClose={() => take(form, saving, false)}
          />
        )}
      </Suspense>
    </Screen>
  );
}

/** Their version becomes the ground: alone, or under what is typed. */
function take(form: FormState, saving: ReturnType<typeof useSave>, drop: boolean): void {
  if (saving.conflict) form.rebase(saving.conflict.theirs, saving.conflict.version, drop);
  saving.closeConflict();
}

/** A heartbeat's address is what comes next; of all others, the monitor itself. */
function showSaved(monitor: Stored, form: FormState): void {
  if (form.id === null && monitor.ping_url) {
    replaceQuery(new URLSearchParams({ saved: String(monitor.id) }));
    return;
  }
  go(`/monitors/${monitor.id}/`);
}

function useRegions(): number {
  const server = useQuery({ queryKey: ["server"], queryFn: () => read(api.GET("/api/v1/server")), staleTime: 60_000 });
  return server.data?.regions.length ?? 1;
}

/** The first field that was refused gets the focus, once for each answer to a save. */
function useFirstFault(form: FormState): void {
  const { problem, fields, values, faults } = form;
  const seen = useRef(problem);
  useEffect(() => {
    if (seen.current === problem) return;
    seen.current = problem;
    const first = problem?.kind === "invalid" ? faultyFields(fields, values, faults)[0] : undefined;
    if (first) focusField(first.path);
  }, [problem, fields, values, faults]);
}

type RestoredProps = { form: FormState; changed: boolean; onSeen: () => void };

/** A draft goes on: since when, and that one may begin anew. */
function Restored({ form, changed, onSeen }: RestoredProps) {
  const words = useWords();
  const said = words.monitorForm;
  const at = tellDayAndTime(new Date(form.restoredAt ?? 0), words.locale, new Date(serverNow()));
  return (
    <div className={styles.restored}>
      <span className="grow">
        {said.restored(at)} {changed && said.changedSince}
      </span>
      <Button
        size="small"
        look="quiet"
        onClick={() => {
          onSeen();
          form.startAnew();
        }}
      >
        {form.id === null ? said.startAnew : said.undoAll}
      </Button>
    </div>
  );
}
