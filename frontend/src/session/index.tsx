/** Who is signed in, and which of the teams is shown. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { api, problemFrom, read, type Schema } from "@/api/client";
import type { Problem } from "@/api/problems";
import { armGate } from "@/api/session-gate";
import { leaveTo, reload } from "@/routing";
import { auth } from "./auth";
import { ownDrafts, recall, remember } from "./memory";
import { watchReturn } from "./return";

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

let person: number | null = null;

/** Who is signed in. Where that is somebody else than before (another tab signed in), nothing on this page is theirs:
 *  it loads anew. */
export async function readMe(): Promise<Me> {
  const me = await read(api.GET("/api/v1/auth/me"));
  if (person !== null && person !== me.id) {
    reload();
    return new Promise(() => undefined);
  }
  person = me.id;
  ownDrafts(me.id);
  return me;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const me = useQuery({
    queryKey: ME,
    queryFn: readMe,
    staleTime: 5 * 60_000,
    retry: false,
  });
  const [teamId, setTeamId] = useState(() => Number(recall("team")));
  const id = me.data?.id ?? null;
  useEffect(() => {
    armGate(id !== null);
    return id === null ? undefined : watchReturn(id);
  }, [id]);
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

/** Signs out and leaves. What it returns is why that failed: the person is still signed in. */
export function useSignOut(): () => Promise<Problem | null> {
  const queries = useQueryClient();
  return async () => {
    armGate(false);
    const answer = await auth.signOut();
    if (!answer.ok) {
      armGate(true);
      return answer.problem;
    }
    queries.clear();
    leaveTo("/sign-in/");
    return null;
  };
}
