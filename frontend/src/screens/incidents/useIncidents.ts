import { useInfiniteQuery } from "@tanstack/react-query";
import { type IncidentList, readIncidents } from "@/api/incidents";
import { useSignedIn } from "@/session";
import { type Filters, toQuery } from "./filters";

const EVERY_MS = 15_000;
/** With more pages than this nobody waits for the first row: the list follows no more by itself. */
const MOST_LIVE_PAGES = 3;

export function useIncidents(filters: Filters) {
  const { team } = useSignedIn();
  return useInfiniteQuery({
    queryKey: ["incidents", team.id, filters.which, filters.monitor],
    queryFn: ({ pageParam }) =>
      readIncidents({ ...toQuery(filters, team.id), ...(pageParam === null ? {} : { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: (last: IncidentList) => last.next,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > MOST_LIVE_PAGES ? false : EVERY_MS),
  });
}
