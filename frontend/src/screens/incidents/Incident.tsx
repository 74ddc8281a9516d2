import { Suspense, useMemo, useRef, useState } from "react";
import { lazyPart } from "@/routing/parts";
import type { Incident as IncidentData } from "@/api/incidents";
import { problemFrom } from "@/api/client";
import type { Problem } from "@/api/problems";
import { useRoute } from "@/routing";
import { useSignedIn } from "@/session";
import { useKeys } from "@/shell/keys";
import { LiveState, Screen } from "@/shell/Screen";
import { useIsPhone } from "@/shell/useIsPhone";
import { Failed, ProblemNote } from "@/ui/Notices";
import { useWords } from "@/words";
import { Cause } from "./Cause";
import { Composer } from "./Composer";
import { Headline } from "./Headline";
import styles from "./Incident.module.css";
import { IncidentFacts } from "./IncidentFacts";
import { IncidentTools, PhoneButtons } from "./IncidentTools";
import { Skeleton } from "./Skeleton";
import { Timeline } from "./Timeline";
import { useChanges, useIncident } from "./useIncident";
import { WhoWasTold } from "./WhoWasTold";

const ResolveDialog = lazyPart(() => import("./ResolveDialog"));

/** `/incidents/418/`: what alerts lead to. */
export function Incident() {
  const words = useWords();
  const { id, ready } = useRoute();
  const incident = useIncident(id);
  const back = { href: "/incidents/", text: words.incidents.title };
  const lost = ready && id === null;
  const problem: Problem | null = lost
    ? { kind: "missing", requestId: "" }
    : incident.error
      ? problemFrom(incident.error)
      : null;
  if (incident.data && problem?.kind !== "missing") return <Shown key={incident.data.id} incident={incident.data} />;
  return (
    <Screen title={id === null ? words.incidents.one : `#${id}`} back={back}>
      {problem ? (
        <Failed
          what={words.incidents.one}
          problem={problem}
          onTryAgain={lost ? undefined : () => void incident.refetch()}
        />
      ) : (
        <Skeleton />
      )}
    </Screen>
  );
}

function Shown({ incident }: { incident: IncidentData }) {
  const words = useWords();
  const { mayEdit } = useSignedIn();
  const phone = useIsPhone();
  const changes = useChanges(incident.id);
  const composer = useRef<HTMLTextAreaElement>(null);
  const [resolving, setResolving] = useState(false);
  const monitor = incident.monitor_name;
  const open = incident.resolved_at === null;
  const write = () => composer.current?.focus();
  const tools = { incident, changes, onResolve: () => setResolving(true), onWrite: write };
  const keys = useMemo(
    () => ({
      a: () => open && incident.acknowledged_at === null && changes.acknowledge(),
      u: write,
      r: () => open && setResolving(true),
    }),
    [open, incident.acknowledged_at, changes],
  );
  useKeys(keys, mayEdit);
  const title = `#${incident.id} ${monitor ?? incident.title}`;
  return (
    <Screen
      title={phone ? `#${incident.id}` : title}
      tab={title}
      back={{ href: "/incidents/", text: words.incidents.title }}
      beside={open && <LiveState />}
      actions={<IncidentTools {...tools} />}
    >
      <ProblemNote problem={changes.problem} />
      <div className={styles.split}>
        <div className={styles.main}>
          <Headline incident={incident} monitor={monitor} />
          <PhoneButtons {...tools} />
          <Cause incident={incident} />
        </div>
        <aside className={styles.side}>
          <IncidentFacts incident={incident} monitor={monitor} />
          <WhoWasTold incident={incident} />
        </aside>
        <div className={styles.talk}>
          {mayEdit && <Composer incident={incident} field={composer} />}
          <Timeline incident={incident} />
        </div>
      </div>
      {resolving && (
        <Suspense>
          <ResolveDialog incident={incident} onClose={() => setResolving(false)} />
        </Suspense>
      )}
    </Screen>
  );
}
