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

/** Keep what is typed until it is saved: a reload, a new version or an ended session must not lose it. */
export function keepDraft(key: string, draft: unknown): void {
  try {
    sessionStorage.setItem(PREFIX + key, JSON.stringify(draft));
  } catch {
    // Forbidden or full.
  }
}

export function readDraft(key: string): unknown {
  try {
    const text = sessionStorage.getItem(PREFIX + key);
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

export function dropDraft(key: string): void {
  try {
    sessionStorage.removeItem(PREFIX + key);
  } catch {
    // Forbidden.
  }
}
