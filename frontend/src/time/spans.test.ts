import { expect, test } from "vitest";
import { common } from "@/words/en/common";
import { tellInterval, tellSpan } from "./spans";

const S = 1000;
const H = 3600 * S;

test.each([
  [0, "0 s"],
  [-5 * S, "0 s"],
  [59.9 * S, "59 s"],
  [12 * 60 * S, "12 min"],
  [9 * H + 26 * 60 * S, "9 h 26 min"],
  [2 * H, "2 h"],
  [24 * H - 1, "23 h 59 min"],
  [24 * H, "1 d"],
  [1234 * 24 * H, "1,234 d"],
])("%d ms is %s", (ms, text) => {
  expect(tellSpan(ms, common.time)).toBe(text);
});

test("short has one unit", () => {
  expect(tellSpan(9 * H + 26 * 60 * S, common.time, { short: true })).toBe("9 h");
});

test.each([
  [10, "10 s"],
  [60, "60 s"],
  [90, "90 s"],
  [300, "5 min"],
  [3600, "1 h"],
  [86_400, "1 d"],
])("an interval of %d s is told as %s", (seconds, text) => {
  expect(tellInterval(seconds, common.time)).toBe(text);
});
