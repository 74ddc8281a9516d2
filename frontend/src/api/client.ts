/** The API, typed from its OpenAPI document. Screens call `ask(api.GET(…))` and get a typed answer, never an exception. */
import createClient from "openapi-fetch";
import { ORIGIN } from "./origin";
import { type Problem, problemOf } from "./problems";
import type { components, paths } from "./schema";
import { send } from "./send";

export type Schema = components["schemas"];

export const api = createClient<paths>({ baseUrl: ORIGIN, credentials: "include", fetch: send });

export type Answer<T> = { ok: true; data: T; response: Response } | { ok: false; problem: Problem };

type Called<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** What the API answered, or what went wrong, as a value. */
export async function ask<T>(call: Called<T>): Promise<Answer<T>> {
  try {
    const { data, error, response } = await call;
    if (response.ok) return { ok: true, data: data as T, response };
    return { ok: false, problem: problemOf(response, error) };
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    return { ok: false, problem: { kind: "offline" } };
  }
}

/** For TanStack Query, which wants an exception: `queryFn: () => read(api.GET("/api/v1/…"))`. */
export async function read<T>(call: Called<T>): Promise<T> {
  const answer = await ask(call);
  if (!answer.ok) throw new Refused(answer.problem);
  return answer.data;
}

/** A `Problem` on its way through TanStack Query. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.kind);
  }
}

export function problemFrom(error: unknown): Problem {
  return error instanceof Refused ? error.problem : { kind: "offline" };
}
