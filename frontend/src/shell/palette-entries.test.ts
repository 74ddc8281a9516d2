import { expect, test } from "vitest";
import { type Entry, find, highlight } from "./palette-entries";

const nothing = () => undefined;
const entries: Entry[] = [
  { key: "a", group: "goTo", name: "Incidents", also: "störungen", run: nothing },
  { key: "b", group: "goTo", name: "Checkout EU", also: "shop.example", onlyTyped: true, run: nothing },
  { key: "c", group: "goTo", name: "New Checkout", onlyTyped: true, run: nothing },
  { key: "d", group: "thisMonitor", name: "Check now", run: nothing },
];
const keysOf = (text: string) => find(entries, text).map((group) => [group.name, group.entries.map((one) => one.key)]);

test("without a word there are actions and pages, but not every monitor", () => {
  expect(keysOf("")).toEqual([
    ["thisMonitor", ["d"]],
    ["goTo", ["a"]],
  ]);
});

test("what begins so comes before what has a word that does", () => {
  expect(keysOf("check")).toEqual([
    ["thisMonitor", ["d"]],
    ["goTo", ["b", "c"]],
  ]);
});

test("words of the other language find the same", () => {
  expect(keysOf("Störung")).toEqual([["goTo", ["a"]]]);
});

test("the typed part of a name is marked", () => {
  expect(highlight("New Checkout", "check")).toEqual([
    { text: "New ", found: false },
    { text: "Check", found: true },
    { text: "out", found: false },
  ]);
});
