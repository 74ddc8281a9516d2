import { expect, test } from "vitest";
import { problemOf } from "./problems";

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response("", { status, headers: { "X-Request-Id": "7f3a", ...headers } });

test("faults of a body are told apart by field", () => {
  const body = { name: ["Too long."], "config.method": "Must be GET.", non_field_errors: ["No."], detail: "Also no." };
  expect(problemOf(answer(400), body)).toEqual({
    kind: "invalid",
    fields: { name: ["Too long."], "config.method": ["Must be GET."] },
    all: ["No.", "Also no."],
    requestId: "7f3a",
  });
});

test.each([
  [401, "signedOut"],
  [404, "missing"],
  [412, "changedMeanwhile"],
  [409, "refused"],
  [502, "refused"],
])("a %d is %s", (status, kind) => {
  expect(problemOf(answer(status), { detail: "Why." }).kind).toBe(kind);
});

test("how long to wait is read from the header", () => {
  expect(problemOf(answer(429, { "Retry-After": "12" }), {})).toMatchObject({ retryAfter: 12 });
  expect(problemOf(answer(429), null)).toMatchObject({ retryAfter: null, detail: "" });
});
