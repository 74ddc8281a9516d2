import { expect, test } from "vitest";
import {
  defaultsOf,
  type Field,
  fieldsOf,
  isWanted,
  keepsSecrets,
  readValue,
  type Value,
  valuesOf,
  withoutSecrets,
  writeValue,
} from "./fields";
import { dns, heartbeat, http } from "./kinds.fixture";
import { bodyOf, changedPaths, checksADay, copyOf, foldFields, hintName, hostOf, leadOf, newBody } from "./model";

const fields = fieldsOf(http);
const defaults = defaultsOf(fields);
const at = (path: string, of = fields): Field => {
  const found = of.find((field) => field.path === path);
  if (!found) throw new Error(`No field ${path}`);
  return found;
};

test("the parts stand in the order to show, and a heartbeat's cadence before what all kinds have", () => {
  expect([...new Set(fields.map((field) => field.section))]).toEqual(["target", "expect", "request", "schedule"]);
  const schedule = fieldsOf(heartbeat).filter((field) => field.section === "schedule");
  expect(schedule[0]?.path).toBe("config.period_s");
});

test("a form that nobody touched sends the defaults, and the host as its name", () => {
  const values = { ...defaults, url: " https://shop.example/health " };
  const body = newBody(http, fields, values, hintName(http, values));
  expect(body).toMatchObject({
    kind: "http",
    url: "https://shop.example/health",
    name: "shop.example",
    interval_s: 60,
  });
  expect(body.config).toMatchObject({ method: "GET", tls_expiry_days: [14], degraded_ms: null, auth: null });
});

test("what is hidden is not sent: the body belongs to POST", () => {
  const typed = { ...defaults, "config.body": "{}" };
  expect(newBody(http, fields, typed, "x").config).not.toHaveProperty("body");
  expect(newBody(http, fields, { ...typed, "config.method": "POST" }, "x").config).toHaveProperty("body", "{}");
});

test("a number that is cleared means its default, and null where there is none", () => {
  const body = newBody(http, fields, { ...defaults, interval_s: "", "config.degraded_ms": "" }, "x");
  expect(body).not.toHaveProperty("interval_s");
  expect(body.config.degraded_ms).toBeNull();
});

test.each<[string, Value, unknown]>([
  ["interval_s", "60", 60],
  ["interval_s", "soon", "soon"],
  ["config.tls_expiry_days", "30, 14,7 1", [30, 14, 7, 1]],
  ["config.json_equals", "ok", "ok"],
  ["config.json_equals", '{"a": 1}', { a: 1 }],
  ["config.json_equals", "", null],
])("%s typed as %o is sent as %o", (path, typed, sent) => {
  expect(writeValue(at(path), typed)).toEqual(sent);
});

test("texts of a list stand one a line, so that they may hold commas", () => {
  const expected = at("config.expected", fieldsOf(dns));
  expect(writeValue(expected, "v=spf1, a\n\n10 mail.example\n")).toEqual(["v=spf1, a", "10 mail.example"]);
  expect(readValue(expected, ["a", "b"])).toBe("a\nb");
});

test("a stored secret stays unless a new one is typed", () => {
  const header = readValue(at("config.headers"), { "X-Token": { secret: true }, Accept: "text/html" });
  expect(writeValue(at("config.headers"), header)).toEqual({ "X-Token": { secret: true }, Accept: "text/html" });
  const auth = readValue(at("config.auth"), { type: "basic", username: "mira" });
  expect(writeValue(at("config.auth"), auth)).toEqual({ type: "basic", username: "mira" });
  const typed = { type: "basic", fields: { username: "mira", password: "new" }, kept: true };
  expect(writeValue(at("config.auth"), typed)).toEqual({ type: "basic", username: "mira", password: "new" });
});

test("a new login sends its empty password too, so that the server can ask for it", () => {
  const typed = { type: "basic", fields: { username: "mira", password: "" }, kept: false };
  expect(writeValue(at("config.auth"), typed)).toEqual({ type: "basic", username: "mira", password: "" });
});

test("an edit sends what differs and nothing else", () => {
  const stored = {
    url: "https://a.example",
    name: "A",
    interval_s: 60,
    tags: ["eu"],
    config: { keyword: "ready", method: "GET" },
  };
  const base = valuesOf(fields, stored);
  const now = { ...base, interval_s: "30", "config.keyword": "" };
  const changed = changedPaths(fields, base, now);
  expect(bodyOf(fields, now, changed)).toEqual({ interval_s: 30, config: { keyword: "" } });
});

test("a field that waits for another is shown when that one is filled in", () => {
  const absent = at("config.keyword_absent");
  expect(isWanted(absent, defaults)).toBe(false);
  expect(isWanted(absent, { ...defaults, "config.keyword": "ready" })).toBe(true);
});

test("advanced fields are folded until they are opened, hold something, or have an error", () => {
  const look = { values: defaults, defaults, opened: new Set<string>(), faulty: () => false };
  const paths = (some: readonly Field[]) => some.map((field) => field.path);
  expect(paths(foldFields(fields, look).folded)).toEqual([
    "config.json_equals",
    "config.headers",
    "config.auth",
    "depends_on",
  ]);
  const filled = {
    ...look,
    values: { ...defaults, depends_on: [3] },
    opened: new Set(["config.headers"]),
    faulty: (path: string) => path === "config.auth",
  };
  expect(paths(foldFields(fields, filled).folded)).toEqual(["config.json_equals"]);
});

test("the method, the record and the like stand beside the target; a heartbeat has none", () => {
  expect(leadOf(fields)?.path).toBe("config.method");
  expect(leadOf(fieldsOf(dns))?.path).toBe("config.record_type");
  expect(leadOf(fieldsOf(heartbeat))).toBeNull();
});

test.each([
  ["https://mira@shop.example:8443/x?y#z", "shop.example"],
  ["db.example:5432", "db.example"],
  ["[2001:db8::1]:53", "2001:db8::1"],
  ["example.com", "example.com"],
])("the host of %s is %s", (target, host) => {
  expect(hostOf(target)).toBe(host);
});

test("a name is made of the target and the fields that the hint names", () => {
  expect(hintName(dns, { ...defaultsOf(fieldsOf(dns)), url: "example.com", "config.record_type": "MX" })).toBe(
    "example.com MX",
  );
  expect(hintName(http, defaults)).toBe("");
});

test("checks a day are of all regions, and unknown while the interval is none", () => {
  expect(checksADay({ interval_s: "60", regions: ["eu", "us"] }, 4)).toEqual({ checks: 2880, regions: 2 });
  expect(checksADay({ interval_s: "60", regions: [] }, 3)).toEqual({ checks: 4320, regions: 3 });
  expect(checksADay({ interval_s: "x" }, 1)).toBeNull();
});

test("neither drafts nor copies hold a secret", () => {
  const auth = { type: "basic", fields: { username: "mira", password: "hidden" }, kept: false };
  const headers = [{ name: "X-Token", value: "hidden", secret: true, kept: false }];
  expect(JSON.stringify(withoutSecrets(at("config.auth"), auth))).not.toContain("hidden");
  expect(JSON.stringify(withoutSecrets(at("config.headers"), headers))).not.toContain("hidden");
  const values = { ...defaults, url: "https://a.example", "config.auth": auth, "config.headers": headers };
  expect(copyOf(http, fields, values, "A")).toContain("mira");
  expect(copyOf(http, fields, values, "A")).not.toContain("hidden");
});

test("what keeps a stored secret cannot be tested before it is saved", () => {
  expect(keepsSecrets(defaults)).toBe(false);
  expect(keepsSecrets({ ...defaults, "config.auth": { type: "basic", fields: {}, kept: true } })).toBe(true);
});
