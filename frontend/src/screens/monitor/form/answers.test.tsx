/** What comes back: errors put to fields, a conflict told, a test judged, rules that match. */
import { afterEach, expect, test } from "vitest";
import type { Schema } from "@/api/client";
import { keepDraft } from "@/session/memory";
import { changesOf, tellValue } from "./conflict";
import { draftKey, forgetDraft, loadDraft, saveDraft } from "./draft";
import { faultsAt, faultyFields, homelessFaults, mergeFaults, withoutFaults } from "./faults";
import { defaultsOf, fieldsOf } from "./fields";
import { judge } from "./judged";
import { http } from "./kinds.fixture";
import { rulesFor } from "./told";
import { en } from "@/words/en";

const fields = fieldsOf(http);
const defaults = defaultsOf(fields);

const faults = {
  interval_s: ["Must be a whole number."],
  "config.auth.password": ["May not be empty."],
  "config.body": ["Too long."],
  team: ["Unknown."],
};

test("an error of a part stands at the field that holds it", () => {
  expect(faultsAt(faults, "config.auth")).toEqual(["May not be empty."]);
  expect(faultyFields(fields, defaults, faults).map((field) => field.path)).toEqual(["config.auth", "interval_s"]);
});

test("an error whose field is hidden, or is none of the form, is said all the same", () => {
  expect(homelessFaults(fields, defaults, faults, en.fromServer)).toEqual(["config.body: Too long.", "team: Unknown."]);
});

test("an error goes when its field is typed in, and no other goes with it", () => {
  expect(Object.keys(withoutFaults(faults, "config.auth"))).toEqual(["interval_s", "config.body", "team"]);
});

test("a test says nothing of fields that nobody touched", () => {
  expect(mergeFaults({}, faults, (name) => name === "interval_s")).toEqual({ interval_s: faults.interval_s });
});

test("a conflict names what the other changed, and what both did", () => {
  const theirs = { ...defaults, interval_s: "30", "config.keyword": "ready" };
  const yours = { ...defaults, interval_s: "15" };
  const changes = changesOf(fields, defaults, theirs, yours);
  expect(changes.map(({ field, was, now, yours: mine }) => [field.path, was, now, mine])).toEqual([
    ["config.keyword", "", "ready", undefined],
    ["interval_s", "60", "30", "15"],
  ]);
});

test("a value is told in a line", () => {
  const said = { on: "on", off: "off", none: "none" };
  const tell = (path: string, value: Parameters<typeof tellValue>[1]) => {
    const field = fields.find((one) => one.path === path);
    return field && tellValue(field, value, said);
  };
  expect(tell("interval_s", "60")).toBe("60 s");
  expect(tell("tags", ["shop", "eu"])).toBe("shop, eu");
  expect(tell("config.keyword", "")).toBe("none");
  expect(tell("config.auth", { type: "bearer", fields: { token: "hidden" }, kept: false })).toBe("Token");
});

const result = (some: Partial<Schema["Result"]>) =>
  ({
    status: "up",
    error_code: "",
    tls_expires_at: null,
    domain_expires_at: null,
    checked_at: "2026-12-08T13:26:00Z",
    ...some,
  }) as Schema["Result"];

test("a test that passed holds every rule that is filled in", () => {
  const values = { ...defaults, "config.keyword": "ready" };
  const judged = judge(fields, values, result({ tls_expires_at: "2027-02-08T00:00:00Z" }), new Set());
  expect(judged.map(({ field, verdict }) => [field.name, verdict])).toEqual([
    ["expected_status", "up"],
    ["keyword", "up"],
    ["tls_expiry_days", "up"],
  ]);
});

test("a test that failed blames its rule, and leaves the others unjudged", () => {
  const values = { ...defaults, "config.keyword": "ready" };
  const judged = judge(fields, values, result({ status: "down", error_code: "body_mismatch" }), new Set());
  expect(judged.map(({ verdict }) => verdict)).toEqual(["pending", "down"]);
});

test("a rule with an error of its own is not judged, whatever the test found", () => {
  const judged = judge(fields, defaults, result({}), new Set(["config.expected_status"]));
  expect(judged.map(({ verdict }) => verdict)).toEqual(["pending"]);
});

test("rules match all, a tag or the monitor; those that are off do not", () => {
  const rule = (some: Partial<Schema["Rule"]>) =>
    ({
      id: 1,
      steps: [{ after_min: 0, channels: [4] }],
      monitors: [],
      tags: [],
      enabled: true,
      ...some,
    }) as Schema["Rule"];
  const rules = [
    rule({ name: "all" }),
    rule({ name: "shop", tags: ["shop"] }),
    rule({ name: "seven", monitors: [7] }),
    rule({ name: "off", enabled: false }),
  ];
  expect(rulesFor(rules, null, ["shop"]).map(({ name }) => name)).toEqual(["all", "shop"]);
  expect(rulesFor(rules, 7, []).map(({ name }) => name)).toEqual(["all", "seven"]);
});

afterEach(() => sessionStorage.clear());

test("a draft comes back as it was typed, without its secrets", () => {
  const auth = { type: "bearer", fields: { token: "hidden" }, kept: false };
  const typed = { url: "https://a.example", "config.auth": auth, "config.period_s": "60" };
  const draft = { kind: "http", typed, base: null, version: null, at: "2026-12-08T13:26:00Z" };
  saveDraft(null, draft, fields);
  expect(JSON.stringify(sessionStorage)).not.toContain("hidden");
  expect(loadDraft(null)?.typed).toMatchObject({ url: "https://a.example", "config.period_s": "60" });
  forgetDraft(null);
  expect(loadDraft(null)).toBeNull();
});

test("a draft of another form of drafts is none", () => {
  keepDraft(draftKey(7), { name: "Shop" });
  expect(loadDraft(7)).toBeNull();
});
