/** What can go wrong with a request, as values that a screen can tell apart. */

export type Faults = Record<string, string[]>;

export type Problem =
  /** Nobody answered: no network, or the server is away. What was typed is kept; try again. */
  | { kind: "offline" }
  /** 401, and the person did not sign in again. */
  | { kind: "signedOut" }
  /** 400. Sentences by field (`config.auth.password`); `all` are those that belong to no field. */
  | { kind: "invalid"; fields: Faults; all: string[]; requestId: string }
  /** 404. */
  | { kind: "missing"; requestId: string }
  /** 412: somebody else changed it meanwhile. */
  | { kind: "changedMeanwhile"; detail: string; requestId: string }
  /** The browser keeps no cookies of ours: nobody can sign in. */
  | { kind: "noCookies" }
  /** Everything else, with the server's own sentence. `retryAfter` in seconds. */
  | { kind: "refused"; status: number; detail: string; requestId: string; retryAfter: number | null };

export function problemOf(response: Response, body: unknown): Problem {
  const { status } = response;
  const requestId = response.headers.get("X-Request-Id") ?? "";
  const detail = detailOf(body);
  if (status === 401) return { kind: "signedOut" };
  if (status === 400) return { kind: "invalid", ...faultsOf(body), requestId };
  if (status === 404) return { kind: "missing", requestId };
  if (status === 412) return { kind: "changedMeanwhile", detail, requestId };
  return { kind: "refused", status, detail, requestId, retryAfter: secondsOf(response.headers.get("Retry-After")) };
}

function detailOf(body: unknown): string {
  const detail = isObject(body) ? body.detail : undefined;
  return typeof detail === "string" ? detail : "";
}

const OF_NO_FIELD = new Set(["detail", "non_field_errors"]);

function faultsOf(body: unknown): { fields: Faults; all: string[] } {
  const fields: Faults = {};
  const all: string[] = [];
  for (const [field, said] of Object.entries(isObject(body) ? body : {})) {
    const sentences = (Array.isArray(said) ? said : [said]).filter((one) => typeof one === "string");
    if (OF_NO_FIELD.has(field)) all.push(...sentences);
    else fields[field] = sentences;
  }
  return { fields, all };
}

/** Retry-After in seconds; the header may be a date as well. */
function secondsOf(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
