import { useQuery } from "@tanstack/react-query";
import { api, read, type Schema } from "@/api/client";

/** The forms of all kinds; they change with the server's version alone. */
export function useKinds() {
  return useQuery({
    queryKey: ["kinds"],
    queryFn: () => read(api.GET("/api/v1/monitors/kinds")),
    staleTime: 5 * 60_000,
  });
}

/** The monitor as it is stored now. Loaded once for each visit: what is typed must not move under the hand. */
export function useStored(id: number | null) {
  return useQuery({
    queryKey: ["monitor-form", id],
    queryFn: () => read(api.GET("/api/v1/monitors/{id}/", { params: { path: { id: id ?? 0 } } })),
    enabled: id !== null,
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

export type Stored = Schema["Monitor"];
