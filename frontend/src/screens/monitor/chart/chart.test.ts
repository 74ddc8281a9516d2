import { describe, expect, it } from "vitest";
import { en } from "@/words/en";
import { pointOf } from "../testing";
import { placeTexts, slowSpells, type Tint, tintsOf } from "./bands";
import { cellsOf, fitBars } from "./cells";
import { frameOf } from "./frame";
import { heatOf, median, stepOf } from "./heat";
import { gapsOf, isGap, linesOf, lonePoints, pushApart, scaleOf } from "./lines";
import { timeTicks } from "./timeTicks";

const MIN = 60_000;
const nothing = { p50_ms: null, p95_ms: null, p99_ms: null, count: 0 };
const at = (minute: number) => Date.UTC(2026, 11, 8, 13, minute);

describe("the lines", () => {
  it("break where nothing was measured, and where all checks failed without an answer", () => {
    expect(isGap(pointOf(0, { ...nothing, coverage: 0 }))).toBe(true);
    expect(isGap(pointOf(0, { ...nothing, count: 3, failures: 3 }))).toBe(true);
    expect(linesOf([pointOf(0), pointOf(1, { ...nothing, coverage: 0 }), pointOf(2)]).p50).toEqual([100, null, 100]);
  });

  it("go on over a step in which no check was due", () => {
    expect(linesOf([pointOf(0), pointOf(1, nothing), pointOf(2)]).at).toEqual([at(0) / 1000, at(2) / 1000]);
  });

  it("put phases on each other, and leave out those that were never measured", () => {
    const phases_ms = { dns: 5, connect: 10, tls: null, first_byte: 80, download: 5 };
    const { phases } = linesOf([pointOf(0, { phases_ms })]);
    expect(phases.map((one) => [one.phase, one.sum])).toEqual([
      ["dns", [5]],
      ["connect", [15]],
      ["first_byte", [95]],
      ["download", [100]],
    ]);
  });

  it("know the gaps as stretches, and no maintenance among them", () => {
    const none = { ...nothing, coverage: null };
    const points = [pointOf(0), pointOf(1, none), pointOf(2, none), pointOf(3, { ...none, maintenance: 4 })];
    expect(gapsOf(points, MIN)).toEqual([{ from: at(1), to: at(3) }]);
  });

  it("find points that would not be seen as a line", () => {
    expect(lonePoints([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  });
});

describe("the axes", () => {
  it("end on a round figure above the highest value", () => {
    expect(scaleOf([[100, null, 730]])).toEqual([0, 200, 400, 600, 800]);
    expect(scaleOf([[null]]).at(-1)).toBe(100);
  });

  it("have round moments of the viewer's day", () => {
    const from = new Date(2026, 11, 8, 9, 12).getTime();
    const ticks = timeTicks(from, from + 24 * 60 * MIN, 7, "en-GB").map((tick) => tick.text);
    expect(ticks).toEqual(["12:00", "16:00", "20:00", "9 Dec", "04:00", "08:00"]);
  });

  it("have days and months where the stretch is long", () => {
    const from = new Date(2026, 11, 1).getTime();
    const week = timeTicks(from, from + 7 * 1440 * MIN, 7, "en-GB").map((tick) => tick.text);
    expect(week.slice(0, 2)).toEqual(["2 Dec", "3 Dec"]);
    const year = timeTicks(from, from + 365 * 1440 * MIN, 7, "en-GB").map((tick) => tick.text);
    expect(year).toEqual(["Jan", "Mar", "May", "Jul", "Sept", "Nov"]);
  });

  it("keep names apart and inside", () => {
    expect(pushApart([100, 101, 102], 14, 0, 110)).toEqual([82, 96, 110]);
    expect(pushApart([50, 20], 14, 0, 110)).toEqual([50, 20]);
  });
});

describe("the bands", () => {
  const tint = (from: number, to: number, text: string): Tint => ({ kind: "down", from: at(from), to: at(to), text });

  it("end now while an incident is open", () => {
    const band = { kind: "incident" as const, id: 1, from: "2026-12-08T13:14:00Z", to: null, title: "x", word: "Down" };
    const [open] = tintsOf([band], [], { stepMs: MIN, now: at(26), words: en });
    expect([open?.to, open?.text]).toEqual([at(26), expect.stringMatching(/^Down since \d\d:14$/)]);
  });

  it("join slow steps, and need two of them", () => {
    const slow = { degraded: 1, count: 1 };
    const points = [pointOf(0, slow), pointOf(1), pointOf(2, slow), pointOf(3, slow)];
    expect(slowSpells(points, MIN)).toEqual([{ from: at(2), to: at(4) }]);
  });

  it("leave out words that would touch newer ones, and turn those at the edge", () => {
    const frame = frameOf(1000, at(0), at(60));
    const placed = placeTexts([tint(10, 12, "old"), tint(11, 13, "new"), tint(59, 60, "edge")], frame.xOf, {
      ...frame,
      widthOf: () => 60,
    });
    expect(placed.map(({ text, end }) => [text, end])).toEqual([
      ["edge", true],
      ["new", false],
    ]);
  });
});

describe("the strip of checks", () => {
  it("goes on as before in a step without a check, and cuts the last cell to the axis", () => {
    const points = [pointOf(0, { failures: 1 }), pointOf(1, nothing), pointOf(2, { ...nothing, coverage: 0 })];
    const cells = cellsOf(points, MIN, at(0), at(2) + 1000);
    expect(cells.map((cell) => cell.letter)).toEqual(["d", "d", "-"]);
    expect(cells.at(-1)?.to).toBe(at(2) + 1000);
  });

  it("has bars that differ by one pixel at most and gaps that never do", () => {
    const bars = fitBars(90, 824, 2);
    expect(new Set(bars.map((bar) => bar.width))).toEqual(new Set([7, 8]));
    const ends = bars.map((bar) => bar.x + bar.width);
    expect(new Set(bars.slice(1).map((bar, index) => bar.x - (ends[index] ?? 0)))).toEqual(new Set([2]));
    expect(ends.at(-1)).toBe(824);
  });
});

describe("the heat map", () => {
  it("has the median of each hour of the week, and marks the hours that went down", () => {
    const hour = (day: number, ms: number, clock = 9) => ({
      ...pointOf(0, { p50_ms: ms }),
      at: new Date(2026, 11, day, clock).toISOString(),
    });
    const usual = Array.from({ length: 24 }, (_, one) => hour(3, 100 + one, one));
    const heat = heatOf(
      [...usual, hour(1, 100), hour(8, 300), hour(2, 500)],
      [{ on: "2026-12-08", hours: Array.from({ length: 24 }, (_, one) => (one === 9 ? 0.5 : 1)) }],
    );
    expect(heat?.cells[1]?.[9]).toEqual({ ms: 100, step: 1, down: true });
    expect(heat?.cells[2]?.[9]?.ms).toBe(500);
    expect(heat?.cells[0]?.[0]).toEqual({ ms: null, step: 0, down: false });
  });

  it("is left out where less than a day was measured", () => {
    expect(heatOf([pointOf(0)], [])).toBeNull();
    expect([median([]), median([3, 1, 2]), stepOf(null, 0, 1), stepOf(5, 0, 5), stepOf(9, 9, 9)]).toEqual([
      null,
      2,
      0,
      5,
      1,
    ]);
  });
});
