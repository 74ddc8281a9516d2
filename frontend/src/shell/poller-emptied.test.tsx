import { afterEach, expect, test, vi } from "vitest";
import { askOverview, type Overview } from "@/api/overview";
import { makeRow } from "@/screens/overview/fixtures";
import { Poller } from "./poller";

vi.mock("@/api/overview", async (original) => ({
  ...(await original<Record<string, unknown>>()),
  askOverview: vi.fn(),
}));
afterEach(() => vi.useRealTimers());

function answer(rows: ReturnType<typeof makeRow>[]): void {
  const names = Object.keys(makeRow()) as (keyof ReturnType<typeof makeRow>)[];
  const monitors = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
  const data = { whole: true, token: "t", counts: {}, open_incidents: 0, monitors, states: { id: [] }, gone: [] };
  vi.mocked(askOverview).mockResolvedValue({ ok: true, data: data as unknown as Overview, response: new Response() });
}

test("all monitors are gone at once: who is signed in, and in which team, is asked anew", async () => {
  vi.useFakeTimers();
  const emptied = vi.fn();
  const poller = new Poller(
    1,
    () => undefined,
    () => undefined,
    emptied,
  );
  const ask = async () => {
    poller.ask();
    await vi.advanceTimersByTimeAsync(1);
  };
  answer([]);
  await ask();
  answer([makeRow()]);
  await ask();
  expect(emptied).not.toHaveBeenCalled();
  answer([]);
  await ask();
  expect(emptied).toHaveBeenCalledOnce();
  poller.stop();
});
