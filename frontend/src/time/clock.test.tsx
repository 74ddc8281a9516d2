import { render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { send } from "@/api/send";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { noteServerTime, serverNow } from "./clock";
import { Ago, viewersZone } from ".";

const SERVER = "2026-12-08T13:26:00Z";
const at = (shift: string) => new Date(Date.parse(SERVER) + Date.parse(`1970-01-01T${shift}Z`));

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  noteServerTime(null);
  noteServerTime(new Date().toUTCString());
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test.each([
  ["three hours ahead", at("03:00:00")],
  ["a day and a half behind", new Date(Date.parse(SERVER) - 36 * 3600_000)],
])("the viewer's clock is %s: spans are told by the server's", async (_, clock) => {
  vi.setSystemTime(clock);
  const date = new Date(SERVER).toUTCString();
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}", { headers: { Date: date } })));
  await send(new Request("http://a.example/api/v1/auth/me"));
  expect(serverNow()).toBe(Date.parse(SERVER));
  render(
    <WithWords words={en}>
      <Ago at="2026-12-08T13:14:00Z" />
    </WithWords>,
  );
  expect(screen.getByText("12 min ago")).toBeTruthy();
});

test("an answer from the browser's cache, a minute old, moves nothing", () => {
  vi.setSystemTime(at("00:01:00"));
  noteServerTime(new Date(SERVER).toUTCString());
  expect(serverNow()).toBe(Date.now());
  noteServerTime("no date");
  expect(serverNow()).toBe(Date.now());
});

test("a browser that does not know its zone reckons in UTC", () => {
  vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions").mockReturnValue({
    timeZone: "Etc/Unknown",
  } as Intl.ResolvedDateTimeFormatOptions);
  expect(viewersZone()).toBe("UTC");
});
