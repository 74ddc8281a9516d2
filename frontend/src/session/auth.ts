/** Signing in and out, by django-allauth's headless API. A 401 of it is an answer ("nobody is signed in"), no error. */
import { rememberToken, csrfToken } from "@/api/csrf";
import { ORIGIN } from "@/api/origin";
import { isObject, type Problem } from "@/api/problems";

export type Auth =
  { ok: true; status: number; data: unknown } | { ok: false; status: number; problem: Problem; code: string };

type Method = "GET" | "POST" | "PUT" | "DELETE";
type Fault = { message: string; code: string; param?: string };

async function call(method: Method, path: string, body?: object, headers: Record<string, string> = {}): Promise<Auth> {
  const send = () =>
    fetch(`${ORIGIN}/_allauth/browser/v1/${path}`, {
      method,
      credentials: "include",
      headers: {
        Accept: "application/json",
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...(method === "GET" ? {} : { "X-CSRFToken": csrfToken() }),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  try {
    let answer = await understood(await send());
    if (method !== "GET" && !answer.ok && answer.code === "csrf") {
      await call("GET", "config");
      answer = await understood(await send());
      if (!answer.ok && answer.code === "csrf") return { ...answer, problem: { kind: "noCookies" } };
    }
    return answer;
  } catch {
    return { ok: false, status: 0, problem: { kind: "offline" }, code: "offline" };
  }
}

async function understood(response: Response): Promise<Auth> {
  const body: unknown = await response.json().catch(() => null);
  const meta = isObject(body) && isObject(body.meta) ? body.meta : {};
  if (typeof meta.csrf_token === "string") rememberToken(meta.csrf_token);
  const { status } = response;
  if (response.ok || status === 401) return { ok: true, status, data: isObject(body) ? body.data : null };
  const faults = (isObject(body) && Array.isArray(body.errors) ? body.errors : []) as Fault[];
  return { ok: false, status, problem: problemFrom(response, faults), code: faults[0]?.code ?? "" };
}

function problemFrom(response: Response, faults: Fault[]): Problem {
  const requestId = response.headers.get("X-Request-Id") ?? "";
  if (response.status !== 400) {
    const after = Number(response.headers.get("Retry-After") ?? NaN);
    const detail = faults[0]?.message ?? "";
    return {
      kind: "refused",
      status: response.status,
      detail,
      requestId,
      retryAfter: Number.isFinite(after) ? after : null,
    };
  }
  const fields: Record<string, string[]> = {};
  const all: string[] = [];
  for (const { param, message } of faults) {
    if (param) (fields[param] ??= []).push(message);
    else all.push(message);
  }
  return { kind: "invalid", fields, all, requestId };
}

/** Null: nobody, or nobody knows. */
async function whoIsIn(): Promise<{ id: number; email: string } | null> {
  const session = await call("GET", "auth/session");
  const user = session.ok && isObject(session.data) ? session.data.user : null;
  if (!isObject(user) || typeof user.id !== "number") return null;
  return { id: user.id, email: typeof user.email === "string" ? user.email : "" };
}

export const auth = {
  whoIsIn,
  config: () => call("GET", "config"),
  session: () => call("GET", "auth/session"),
  signIn: (email: string, password: string) => call("POST", "auth/login", { email, password }),
  signUp: (wanted: { email: string; password: string; name?: string; invitation?: string }) =>
    call("POST", "auth/signup", wanted),
  signOut: () => call("DELETE", "auth/session"),
  requestReset: (email: string) => call("POST", "auth/password/request", { email }),
  lookAtReset: (key: string) => call("GET", "auth/password/reset", undefined, { "X-Password-Reset-Key": key }),
  reset: (key: string, password: string) => call("POST", "auth/password/reset", { key, password }),
  lookAtVerify: (key: string) => call("GET", "auth/email/verify", undefined, { "X-Email-Verification-Key": key }),
  verify: (key: string) => call("POST", "auth/email/verify", { key }),
  sendVerification: (email: string) => call("PUT", "account/email", { email }),
  changePassword: (current_password: string, new_password: string) =>
    call("POST", "account/password/change", { current_password, new_password }),
};
