/** "Your session ended": requests that were answered 401 wait here until the person has signed in again.
 *
 *  The dialog (src/session/SessionEnded.tsx) listens; before anybody was signed in nothing waits.
 */

type Gate = { waiting: number; last: string };
type Listener = () => void;

const CLOSED: Gate = { waiting: 0, last: "" };
let gate: Gate = CLOSED;
let armed = false;
let waiters: ((signedIn: boolean) => void)[] = [];
const listeners = new Set<Listener>();

function change(next: Gate): void {
  gate = next;
  listeners.forEach((listener) => listener());
}

/** From now on a 401 means that a session ended; without it, that nobody signed in yet. */
export function armGate(on: boolean): void {
  armed = on;
}

export function requestSession(request: Request): Promise<boolean> {
  if (!armed) return Promise.resolve(false);
  const changes = request.method !== "GET";
  return new Promise((resolve) => {
    waiters.push(resolve);
    change({ waiting: waiters.length, last: changes ? request.method : gate.last });
  });
}

/** Let everything that waits go: sent again, or given up. */
export function openGate(signedIn: boolean): void {
  const all = waiters;
  waiters = [];
  change(CLOSED);
  all.forEach((resolve) => resolve(signedIn));
}

export function subscribeToGate(listener: Listener): Listener {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const readGate = (): Gate => gate;
export const readGateOnServer = (): Gate => CLOSED;
