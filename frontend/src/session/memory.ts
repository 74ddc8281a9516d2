/** What this browser remembers: small wishes in `localStorage`, drafts of what is typed in `sessionStorage`.
 *  A browser may forbid both; then nothing is remembered and nothing breaks. */

const PREFIX = "sentrypulse:";

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Forbidden or full.
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

let owner = "";

/** From now on drafts are of this person: the next one at this tab does not read them. */
export function ownDrafts(user: number): void {
  owner = String(user);
}

const draftName = (key: string): string => `${PREFIX}draft:${owner}:${key}`;

/** Keep what is typed until it is saved: a reload, a new version or an ended session must not lose it. */
export function keepDraft(key: string, draft: unknown): void {
  try {
    sessionStorage.setItem(draftName(key), JSON.stringify(draft));
  } catch {
    // Forbidden or full.
  }
}

export function readDraft(key: string): unknown {
  try {
    const text = sessionStorage.getItem(draftName(key));
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

export function dropDraft(key: string): void {
  try {
    sessionStorage.removeItem(draftName(key));
  } catch {
    // Forbidden.
  }
}
