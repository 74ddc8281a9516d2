import { describe, expect, test } from "vitest";
import { tellUptime } from "@/screens/monitor/data/uptime";
import { en } from "@/words/en";
import { makeRow } from "./fixtures";
import { arrange, checksAnHour, filterRows, readFilters, tellTarget, writeFilters } from "./rows";

const ALL = readFilters(new URLSearchParams());

describe("the order of the list", () => {
  const rows = [
    makeRow({ id: 1, name: "b" }),
    makeRow({ id: 2, name: "A" }),
    makeRow({ id: 3, status: "degraded" }),
    makeRow({ id: 4, status: "down", since: "2026-12-08T10:00:00Z" }),
    makeRow({ id: 5, status: "down", since: "2026-12-08T12:00:00Z" }),
    makeRow({ id: 6, status: "paused", since: null }),
    makeRow({ id: 7, status: "no_data" }),
    makeRow({ id: 8, status: "maintenance" }),
  ];

  test("has trouble first, the worst and newest of it on top, and the paused at the end", () => {
    const keys = arrange(rows, "trouble").map((item) => item.key);
    expect(keys).toEqual(["attention", "5", "4", "3", "7", "8", "up", "2", "1", "paused", "6"]);
  });

  test("tells under each head how many there are", () => {
    const heads = arrange(rows, "trouble").flatMap((item) => (item.kind === "group" ? [[item.group, item.count]] : []));
    expect(heads).toEqual([
      ["attention", 5],
      ["up", 2],
      ["paused", 1],
    ]);
  });

  test("by response has the slowest first and what has none last", () => {
    const some = [
      makeRow({ id: 1, response_ms: 5 }),
      makeRow({ id: 2, response_ms: null }),
      makeRow({ id: 3, response_ms: 900 }),
    ];
    expect(arrange(some, "response").map((item) => item.key)).toEqual(["3", "1", "2"]);
  });
});

describe("filters", () => {
  const rows = [
    makeRow({ id: 1, name: "Checkout EU", tags: ["shop", "eu"] }),
    makeRow({ id: 2, name: "Checkout US", tags: ["shop", "us"], status: "down" }),
    makeRow({ id: 3, name: "Mail", target: "mail.example:587" }),
  ];
  const idsOf = (query: string) => filterRows(rows, readFilters(new URLSearchParams(query))).map((row) => row.id);

  test.each([
    ["", [1, 2, 3]],
    ["q=CHECK eu", [1]],
    ["q=587", [3]],
    ["q=us", [2]],
    ["status=down&status=degraded", [2]],
    ["tag=eu&tag=us", [1, 2]],
    ["tag=eu&status=down", []],
    ["status=nonsense", [1, 2, 3]],
  ])("%s", (query, ids) => {
    expect(idsOf(query)).toEqual(ids);
  });

  test("are the same after a way through the address", () => {
    const query = "q=shop&status=down&tag=eu&tag=us&sort=uptime";
    expect(writeFilters(readFilters(new URLSearchParams(query))).toString()).toBe(query);
    expect(writeFilters(ALL).toString()).toBe("");
  });
});

test.each([
  [1, "100%"],
  [0.99999, "99.99%"],
  [0.9999, "99.99%"],
  [0.99, "99.00%"],
  [0.57, "57.00%"],
  [0, "0.00%"],
])("uptime of %f is told as %s, never rounded up", (uptime, text) => {
  expect(tellUptime(uptime, "en-GB")).toBe(text);
});

test.each([
  ["http", "https://shop.example/", "shop.example"],
  ["http", "http://shop.example/health", "shop.example/health"],
  ["heartbeat", "every 15 min, grace 5 min", "every 15 min, grace 5 min"],
] as const)("the target of %s, %s, is shown as %s", (kind, target, text) => {
  expect(tellTarget({ kind, target }, en)).toBe(text);
});

test("checks an hour leave out what is paused and what pings by itself", () => {
  const rows = [makeRow(), makeRow({ interval_s: 10 }), makeRow({ enabled: false }), makeRow({ kind: "heartbeat" })];
  expect(checksAnHour(rows)).toBe(60 + 360);
});

test.each([
  ["Zu\u0308rich", "z\u00fcrich"],
  ["Z\u00fcrich", "zu\u0308rich"],
  ["Zürich", "zurich"],
  ["ＡＰＩ", "api"],
  ["ﬁle store", "file"],
])("%s is found by %s", (name, text) => {
  const filters = readFilters(new URLSearchParams({ q: text }));
  expect(filterRows([makeRow({ name })], filters)).toHaveLength(1);
});
