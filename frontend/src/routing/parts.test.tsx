import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { load } from "./parts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a part that is asked for while nobody answers comes when somebody does", async () => {
  let there = false;
  vi.stubGlobal("fetch", () => (there ? Promise.resolve(new Response()) : Promise.reject(new TypeError("offline"))));
  const part = vi.fn(() => (there ? Promise.resolve("dialog") : Promise.reject(new Error("ChunkLoadError"))));
  const loaded = load(part);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(part.mock.calls.length).toBeGreaterThan(5);
  there = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(await loaded).toBe("dialog");
});

test("a part that the server has no more is told as lost", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response()));
  const part = vi.fn(() => Promise.reject(new Error("ChunkLoadError")));
  await expect(load(part)).rejects.toThrow("ChunkLoadError");
  expect(part).toHaveBeenCalledTimes(2);
});
