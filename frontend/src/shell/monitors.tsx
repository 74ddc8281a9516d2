/** The monitors of the team, live, for every screen: the overview, the palette, the tab's title. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { OverviewRow } from "@/api/overview";
import { ME } from "@/session";
import { tellLive } from "./live";
import { Poller, type Snapshot, START } from "./poller";
import { tellTrouble } from "./trouble";

type LiveMonitors = Snapshot & {
  /** Ask at once: after a change of one's own. */
  refresh: () => void;
  /** Show a change before the server has it. */
  change: (ids: readonly number[], change: (row: OverviewRow) => OverviewRow) => void;
};

const MonitorsContext = createContext<LiveMonitors>({ ...START, refresh: () => undefined, change: () => undefined });

export function MonitorsProvider({ team, children }: { team: number; children: ReactNode }) {
  const queries = useQueryClient();
  const [snapshot, setSnapshot] = useState(START);
  const [poller] = useState(() => {
    const made: Poller = new Poller(
      team,
      setSnapshot,
      ({ live, at, nextTryAt }) =>
        tellLive({ state: live, nextTryAt, ...(at === undefined ? {} : { at }), tryNow: () => made.ask() }),
      () => void queries.invalidateQueries({ queryKey: ME }),
    );
    return made;
  });
  useEffect(() => {
    poller.start();
    return () => poller.stop();
  }, [poller]);
  useEffect(() => {
    const { counts, openIncidents } = snapshot;
    if (counts) tellTrouble({ down: counts.down, degraded: counts.degraded, openIncidents });
  }, [snapshot]);
  const value = useMemo(
    () => ({
      ...snapshot,
      refresh: () => poller.ask(),
      change: (ids: readonly number[], change: (row: OverviewRow) => OverviewRow) => poller.change(ids, change),
    }),
    [snapshot, poller],
  );
  return <MonitorsContext value={value}>{children}</MonitorsContext>;
}

export function useMonitors(): LiveMonitors {
  return useContext(MonitorsContext);
}
