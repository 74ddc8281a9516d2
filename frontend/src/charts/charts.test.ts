import { expect, test } from "vitest";
import { barPaths, barsWidth } from "./Bars";
import { sparkPath } from "./Sparkline";
import { roundTicks } from "./ticks";
import { waterfallRows } from "./Waterfall";

test("a gap in the values is a gap in the line, and a lone value a dot", () => {
  expect(sparkPath("z-zz", 104, 20)).toBe("M1.0 2.5h.01M67.7 2.5L101.0 2.5");
});

test("no data is three dots a day, and one before anything was known", () => {
  expect(Object.fromEntries(barPaths("-u-", 20))["-"]).toBe("M0 18h2v1h-2zM6 18h2v1h-2zM6 15h2v1h-2zM6 12h2v1h-2z");
  expect(barPaths("--", 20)).toEqual([["-", "M0 18h2v1h-2zM3 18h2v1h-2z"]]);
});

test("a curve has a height for each digit and letter", () => {
  const heights = Array.from("0123456789abcdefghijklmnopqrstuvwxyz", (one) => sparkPath(one));
  expect(new Set(heights).size).toBe(36);
  expect([heights[0], heights[35]]).toEqual(["M1.0 18.5h.01", "M1.0 2.5h.01"]);
});

test("bars stand on whole pixels, and say by their height what their colour says", () => {
  expect(barsWidth(90)).toBe(269);
  expect(Object.fromEntries(barPaths("ugd", 20))).toEqual({
    u: "M0 8h2V20h-2z",
    g: "M3 4h2V20h-2z",
    d: "M6 0h2V20h-2z",
  });
});

test.each([
  [142, 3, [0, 50, 100, 150]],
  [1270, 3, [0, 500, 1000, 1500]],
  [6, 3, [0, 2, 4, 6]],
  [100, 4, [0, 25, 50, 75, 100]],
  [2, 4, [0, 1, 2]],
  [0, 4, [0, 1]],
])("up to %d there are round ticks", (top, most, ticks) => {
  expect(roundTicks(top, most)).toEqual(ticks);
});

test("each phase begins where the one before ends, and what was not measured is left out", () => {
  expect(waterfallRows({ dns: 12, connect: 19, tls: null, first_byte: 71 })).toEqual([
    { phase: "dns", ms: 12, from: 0 },
    { phase: "connect", ms: 19, from: 12 },
    { phase: "first_byte", ms: 71, from: 31 },
  ]);
});
