import { expect, test } from "vitest";
import { makeRow } from "@/screens/overview/fixtures";
import { merge } from "./poller";

const before = new Map([1, 2, 3].map((id) => [id, makeRow({ id })]));

test("what did not change stays the same object", () => {
  const changed = makeRow({ id: 2, status: "down" });
  const after = merge(before, { whole: false, monitors: [changed], gone: [3] });
  expect(Array.from(after.keys())).toEqual([1, 2]);
  expect(after.get(1)).toBe(before.get(1));
  expect(after.get(2)).toBe(changed);
});

test("an answer without news changes nothing at all", () => {
  expect(merge(before, { whole: false, monitors: [], gone: [] })).toBe(before);
});

test("a whole answer takes the place of everything", () => {
  expect(Array.from(merge(before, { whole: true, monitors: [makeRow({ id: 9 })], gone: [] }).keys())).toEqual([9]);
});
