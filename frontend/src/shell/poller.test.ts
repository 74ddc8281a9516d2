import { expect, test } from "vitest";
import type { Overview, OverviewRow } from "@/api/overview";
import { makeRow } from "@/screens/overview/fixtures";
import { merge } from "./poller";

/** As the server sends rows. */
function toColumns(rows: readonly OverviewRow[]): Overview["monitors"] {
  const names = Object.keys(makeRow()) as (keyof OverviewRow)[];
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])) as Overview["monitors"];
}

const none = toColumns([]);
const before = new Map([1, 2, 3].map((id) => [id, makeRow({ id })]));

test("what did not change stays the same object", () => {
  const changed = makeRow({ id: 2, status: "down" });
  const after = merge(before, { whole: false, monitors: toColumns([changed]), states: none, gone: [3] });
  expect(Array.from(after.keys())).toEqual([1, 2]);
  expect(after.get(1)).toBe(before.get(1));
  expect(after.get(2)).toEqual(changed);
});

test("an answer without news changes nothing at all", () => {
  expect(merge(before, { whole: false, monitors: none, states: none, gone: [] })).toBe(before);
});

test("a whole answer takes the place of everything", () => {
  expect(
    Array.from(
      merge(before, { whole: true, monitors: toColumns([makeRow({ id: 9 })]), states: none, gone: [] }).keys(),
    ),
  ).toEqual([9]);
});

test("of a row whose checks alone found something new, the rest stays", () => {
  const { id, status, since, reason, incident, enabled, maintenance } = makeRow({ id: 2, status: "down" });
  const states = {
    id: [id, 7],
    status: [status, status],
    since: [since, since],
    reason: [reason, reason],
    incident: [incident, incident],
    enabled: [enabled, enabled],
    maintenance: [maintenance, maintenance],
    response_ms: [null, 5],
  };
  const after = merge(before, { whole: false, monitors: none, states, gone: [] });
  expect(after.get(2)).toEqual(makeRow({ id: 2, status: "down", response_ms: null }));
  expect(Array.from(after.keys())).toEqual([1, 2, 3]);
});
