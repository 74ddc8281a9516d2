/** The monitor's page once the monitor is there; its parts ask for the rest themselves. */
import { Suspense, useMemo, useState } from "react";
import { lazyPart } from "@/routing/parts";
import { go, replaceQuery, useRoute } from "@/routing";
import { useSignedIn } from "@/session";
import { recall } from "@/session/memory";
import { type Keys, useKeys } from "@/shell/keys";
import { Screen } from "@/shell/Screen";
import type { View } from "./chart/LatencyChart";
import { useIncidents, useResults, useStats } from "./data/queries";
import type { Incident, Monitor, Result } from "./data/shapes";
import { openingWindow, stretchOf, type Window, WINDOWS, withStretch } from "./data/windows";
import styles from "./LoadedMonitor.module.css";
import { Beside } from "./parts/Beside";
import { Days } from "./parts/Days";
import { HeaderActions } from "./parts/HeaderActions";
import { HeatMap } from "./parts/HeatMap";
import { Heartbeat } from "./parts/Heartbeat";
import { MonitorIncidents } from "./parts/Incidents";
import { Response, withoutZoom } from "./parts/Response";
import { keyOf, Results } from "./parts/Results";
import { Side } from "./parts/Side";
import { Top } from "./parts/Top";
import { type MonitorActions, useMonitorActions } from "./parts/useMonitorActions";
import { serverNow } from "@/time";

const DeleteDialog = lazyPart(() => import("./parts/DeleteDialog"));

type Props = { monitor: Monitor; back: { href: string; text: string } };

export function LoadedMonitor({ monitor, back }: Props) {
  const mayEdit = useMayEdit(monitor);
  const incidents = useIncidents(monitor.id);
  const day = useStats(monitor.id, { window: "24h" });
  const actions = useMonitorActions(monitor, monitor.incident?.id ?? null);
  const [deleting, setDeleting] = useState(false);
  const unacknowledged = mayEdit && monitor.incident?.acknowledged === false;
  useActionKeys(monitor, actions, { mayEdit: mayEdit && !deleting, unacknowledged });
  return (
    <Screen
      title={monitor.name}
      back={back}
      beside={<Beside monitor={monitor} />}
      actions={
        mayEdit && <HeaderActions {...{ monitor, actions, unacknowledged }} onDelete={() => setDeleting(true)} />
      }
    >
      <div className={styles.split}>
        <div className={styles.main}>
          <Top {...{ monitor, unacknowledged, actions }} usual={day.data} />
          {monitor.kind === "heartbeat" ? <Heartbeat monitor={monitor} /> : <Measured monitor={monitor} />}
          {!!day.data?.days.length && <Days days={day.data.days} />}
          {monitor.kind !== "heartbeat" && <HeatMap id={monitor.id} />}
          {incidents.data && <Past id={monitor.id} page={incidents.data} />}
        </div>
        <Side monitor={monitor} />
      </div>
      {deleting && (
        <Suspense>
          <DeleteDialog monitor={monitor} onClose={() => setDeleting(false)} />
        </Suspense>
      )}
    </Screen>
  );
}

function Past({ id, page }: { id: number; page: { results: Incident[]; next?: string | null } }) {
  return <MonitorIncidents id={id} incidents={page.results} more={!!page.next} />;
}

/** What my role is in the team of this monitor, which need not be the team that is shown. */
function useMayEdit(monitor: Monitor): boolean {
  const { me, mayEdit } = useSignedIn();
  const team = me.teams.find((one) => one.id === monitor.team);
  return team ? team.role !== "viewer" : mayEdit;
}

type Rights = { mayEdit: boolean; unacknowledged: boolean };

function useActionKeys(monitor: Monitor, { run }: MonitorActions, { mayEdit, unacknowledged }: Rights): void {
  const paused = monitor.status === "paused";
  const keys: Keys = {
    e: () => go(`/monitors/${monitor.id}/edit/`),
    p: () => run(paused ? "resume" : "pause"),
    ...(monitor.kind !== "heartbeat" && { c: () => run("check") }),
    ...(unacknowledged && { a: () => run("acknowledge") }),
  };
  useKeys(keys, mayEdit);
}

const FEW = 8;
const MANY = 50;

/** The chart, and the results under it: the chosen check is one line through both. */
function Measured({ monitor }: { monitor: Monitor }) {
  const downSince = monitor.status === "down" ? monitor.status_since : null;
  const { query } = useRoute();
  const [opening] = useState<Window>(() => openingWindow(downSince, monitor.created_at, serverNow()));
  const stretch = useMemo(() => stretchOf(query, opening), [query, opening]);
  const stats = useStats(monitor.id, stretch);
  const [view, setView] = useState<View>(() => (recall("monitor:view") === "phases" ? "phases" : "percentiles"));
  const [size, setSize] = useState(FEW);
  const [until, setUntil] = useState<string | null>(null);
  const [picked, setPicked] = useState<Result | null>(null);
  const results = useResults(monitor.id, { size, until });
  const rows = results.data?.results;
  const chosen = (picked && (rows?.find((one) => keyOf(one) === keyOf(picked)) ?? picked)) ?? rows?.[0] ?? null;
  const choose = (by: number) => {
    const index = rows?.findIndex((one) => chosen !== null && keyOf(one) === keyOf(chosen)) ?? -1;
    setPicked(rows?.[Math.max(0, index + by)] ?? picked);
  };
  const show = (moment: string | null) => {
    setUntil(moment);
    setPicked(null);
  };
  useKeys({
    j: () => choose(1),
    k: () => choose(-1),
    Escape: () => ("window" in stretch ? show(null) : replaceQuery(withoutZoom(query))),
    ...Object.fromEntries(
      WINDOWS.map((window, index) => [String(index + 1), () => replaceQuery(withStretch(query, { window }))]),
    ),
  });
  return (
    <>
      <Response
        {...{ stats, stretch, view }}
        onView={setView}
        chosenAt={chosen ? Date.parse(chosen.checked_at) : null}
        onUntil={(ms) => show(ms < serverNow() - 1000 ? new Date(ms).toISOString() : null)}
      />
      <Results
        {...{ monitor, chosen, until }}
        results={rows}
        error={results.error}
        onTryAgain={() => void results.refetch()}
        onChoose={setPicked}
        onNewest={() => show(null)}
        onMore={results.data?.next && size === FEW ? () => setSize(MANY) : null}
      />
    </>
  );
}
