/** Who is signed in, and which of the teams is shown. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { api, problemFrom, read, type Schema } from "@/api/client";
import type { Problem } from "@/api/problems";
import { armGate } from "@/api/session-gate";
import { leaveTo } from "@/routing";
import { recall, remember } from "@/session/memory";
import { auth } from "./auth";

export type Me = Schema["Me"];
export type Team = Schema["Team"];
export type Role = "owner" | "admin" | "editor" | "viewer";

export type Session =
  | { state: "unknown" }
  | { state: "signedOut" }
  | { state: "failed"; problem: Problem; tryAgain: () => void }
  | { state: "signedIn"; me: Me; team: Team; mayEdit: boolean; chooseTeam: (id: number) => void };

const SessionContext = createContext<Session>({ state: "unknown" });

export const ME = ["me"] as const;

/** `screens`: whether the page needs somebody signed in; the pages to sign in do not ask. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const me = useQuery({
    queryKey: ME,
    queryFn: () => read(api.GET("/api/v1/auth/me")),
    staleTime: 5 * 60_000,
    retry: false,
  });
  const [teamId, setTeamId] = useState(() => Number(recall("team")));
  const signedIn = me.data !== undefined;
  useEffect(() => armGate(signedIn), [signedIn]);
  const session = useMemo((): Session => {
    if (me.data) {
      const team = me.data.teams.find((one) => one.id === teamId) ?? me.data.teams[0];
      if (!team)
        return { state: "failed", problem: { kind: "missing", requestId: "" }, tryAgain: () => void me.refetch() };
      const chooseTeam = (id: number) => {
        remember("team", String(id));
        setTeamId(id);
      };
      return { state: "signedIn", me: me.data, team, mayEdit: (team.role as Role) !== "viewer", chooseTeam };
    }
    if (me.isPending) return { state: "unknown" };
    const problem = problemFrom(me.error);
    if (problem.kind === "signedOut") return { state: "signedOut" };
    return { state: "failed", problem, tryAgain: () => void me.refetch() };
  }, [me, teamId]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  return useContext(SessionContext);
}

/** On screens behind the sign-in, where there always is one. */
export function useSignedIn(): Extract<Session, { state: "signedIn" }> {
  const session = useSession();
  if (session.state !== "signedIn") throw new Error("This screen is shown to people who are signed in.");
  return session;
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    armGate(false);
    await auth.signOut();
    queries.clear();
    leaveTo("/sign-in/");
  };
}
