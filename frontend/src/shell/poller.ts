/** Asks for what changed: every 10 s while somebody looks, every 30 s when nobody touched anything for five minutes,
 *  the counts alone once a minute in a hidden tab, at once on return and after a change of one's own. */
import { askCounts, askOverview, type Overview, type OverviewRow, toRows } from "@/api/overview";
import type { Problem } from "@/api/problems";
import { serverNow } from "@/time/clock";

export type Snapshot = {
  state: "loading" | "ready" | "failed";
  problem: Problem | null;
  rows: ReadonlyMap<number, OverviewRow>;
  counts: Overview["counts"] | null;
  openIncidents: number;
};

export type Told = { live: "live" | "offline"; at?: number; nextTryAt: number | null };

const LOOKING_MS = 10_000;
const IDLE_MS = 30_000;
const IDLE_AFTER_MS = 5 * 60_000;
const HIDDEN_MS = 60_000;
const MOST_MS = 60_000;

export const START: Snapshot = { state: "loading", problem: null, rows: new Map(), counts: null, openIncidents: 0 };

/** The rows after an answer; those that did not change stay the same objects, so nothing of them is drawn anew. */
export function merge(
  before: ReadonlyMap<number, OverviewRow>,
  answer: Pick<Overview, "whole" | "monitors" | "states" | "gone">,
): ReadonlyMap<number, OverviewRow> {
  const changed = toRows(answer.monitors);
  const moved = toRows(answer.states);
  if (!answer.whole && changed.length === 0 && moved.length === 0 && answer.gone.length === 0) return before;
  const rows = new Map(answer.whole ? [] : before);
  for (const row of changed) rows.set(row.id, row);
  for (const state of moved) {
    const row = rows.get(state.id);
    if (row) rows.set(state.id, { ...row, ...state });
  }
  for (const id of answer.gone) rows.delete(id);
  return rows;
}

export class Poller {
  private snapshot: Snapshot = START;
  private token: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private again = false;
  private failures = 0;
  private touchedAt = Date.now();
  private readonly stopped = new AbortController();

  constructor(
    private readonly team: number,
    private readonly onChange: (snapshot: Snapshot) => void,
    private readonly onTold: (told: Told) => void,
    /** All monitors are gone at once: deleted, or the team is not this person's any more. */
    private readonly onEmptied: () => void = () => undefined,
  ) {}

  start(): void {
    const { signal } = this.stopped;
    document.addEventListener("visibilitychange", () => !document.hidden && this.ask(), { signal });
    window.addEventListener("online", () => this.ask(), { signal });
    window.addEventListener("offline", () => this.ask(), { signal });
    const touch = () => {
      const idle = Date.now() - this.touchedAt > IDLE_AFTER_MS;
      this.touchedAt = Date.now();
      if (idle) this.ask();
    };
    for (const name of ["pointerdown", "pointermove", "keydown"])
      document.addEventListener(name, touch, { signal, passive: true });
    this.ask();
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
  }

  /** Now, or as soon as the answer on its way is there. */
  ask(): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    void this.round();
  }

  /** Show what a person just did before the server says so; the next answer has the truth. */
  change(ids: readonly number[], change: (row: OverviewRow) => OverviewRow): void {
    const rows = new Map(this.snapshot.rows);
    for (const id of ids) {
      const row = rows.get(id);
      if (row) rows.set(id, change(row));
    }
    this.tell({ rows });
  }

  private async round(): Promise<void> {
    this.asking = true;
    const hidden = document.hidden && this.snapshot.state === "ready";
    const answer = await (hidden ? askCounts(this.team) : askOverview(this.team, this.token));
    this.asking = false;
    if (this.stopped.signal.aborted) return;
    if (answer.ok) this.take(answer.data, hidden);
    else this.fail(answer.problem);
    if (this.again) {
      this.again = false;
      this.ask();
    }
  }

  private take(answer: Overview, countsAlone: boolean): void {
    this.failures = 0;
    if (answer.whole && answer.monitors.id.length === 0 && this.snapshot.rows.size > 0) this.onEmptied();
    if (!countsAlone) this.token = answer.token;
    this.tell({
      state: "ready",
      problem: null,
      rows: countsAlone ? this.snapshot.rows : merge(this.snapshot.rows, answer),
      counts: answer.counts,
      openIncidents: answer.open_incidents,
    });
    this.onTold({ live: "live", at: serverNow(), nextTryAt: null });
    this.plan(this.pause());
  }

  private fail(problem: Problem): void {
    this.failures += 1;
    const asked = problem.kind === "refused" ? problem.retryAfter : null;
    const wait = Math.max(asked === null ? 0 : asked * 1000, Math.min(MOST_MS, LOOKING_MS * 2 ** (this.failures - 1)));
    if (this.snapshot.state !== "ready") this.tell({ state: "failed", problem });
    this.onTold({ live: "offline", nextTryAt: serverNow() + wait });
    this.plan(wait);
  }

  private pause(): number {
    if (document.hidden) return HIDDEN_MS;
    return Date.now() - this.touchedAt > IDLE_AFTER_MS ? IDLE_MS : LOOKING_MS;
  }

  private plan(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), ms);
  }

  private tell(next: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...next };
    this.onChange(this.snapshot);
  }
}
