import { afterEach, expect, test, vi } from "vitest";
import { auth } from "./auth";

const answers = (...list: [number, object][]) => {
  vi.stubGlobal("fetch", () => {
    const [status, body] = list.length > 1 ? (list.shift() as [number, object]) : (list[0] as [number, object]);
    return Promise.resolve(Response.json(body, { status }));
  });
};
afterEach(() => vi.unstubAllGlobals());

const csrf = { status: 403, errors: [{ message: "The CSRF token is missing.", code: "csrf" }] };

test("a token that is refused twice means a browser without cookies", async () => {
  answers([403, csrf]);
  expect(await auth.signIn("a@a.example", "secret")).toMatchObject({ ok: false, problem: { kind: "noCookies" } });
});

test("a token that is refused once is fetched anew", async () => {
  answers([403, csrf], [200, { data: {} }], [200, { data: {} }]);
  expect((await auth.signIn("a@a.example", "secret")).ok).toBe(true);
});

test("who is in: the session's user, or nobody", async () => {
  answers([200, { data: { user: { id: 7, email: "a@a.example" } } }]);
  expect(await auth.whoIsIn()).toEqual({ id: 7, email: "a@a.example" });
  answers([401, { data: { flows: [] } }]);
  expect(await auth.whoIsIn()).toBeNull();
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await auth.whoIsIn()).toBeNull();
});

test("a cookie that somebody broke stops no request", async () => {
  const { csrfToken } = await import("@/api/csrf");
  document.cookie = "csrftoken=%E0%A4%A";
  expect(csrfToken()).toBe("%E0%A4%A");
  document.cookie = "csrftoken=; max-age=0";
});
