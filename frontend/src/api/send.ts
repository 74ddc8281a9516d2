/** One request as the browser sends it: with the session's cookie and the CSRF token, and sent once more after the
 *  person has signed in again. */
import { noteServerTime } from "@/time/clock";
import { csrfToken } from "./csrf";
import { requestSession } from "./session-gate";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);
const PATIENCE_MS = 30_000;

export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await fetch(prepared(request));
  noteServerTime(response.headers.get("Date"));
  if (response.status !== 401) return response;
  const signedIn = await requestSession(request);
  return signedIn ? fetch(prepared(again)) : response;
}

function prepared(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.set("Accept", "application/json");
  if (!READS.has(request.method)) headers.set("X-CSRFToken", csrfToken());
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE_MS)]);
  return new Request(request, { headers, signal });
}
