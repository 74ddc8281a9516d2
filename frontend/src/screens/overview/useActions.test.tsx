import { act, renderHook, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import * as client from "@/api/client";
import { showToast } from "@/ui/toasts";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { makeRow } from "./fixtures";
import { useActions } from "./useActions";

vi.mock("@/session", () => ({ ME: ["me"], useSignedIn: () => ({ mayEdit: true }) }));
vi.mock("@/ui/toasts", () => ({ showToast: vi.fn() }));
vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof client>()),
  api: { POST: vi.fn() },
  ask: vi.fn(),
}));

const post = vi.mocked(client.api.POST as unknown as (path: string, options: { body: unknown }) => void);
const bodies = () => post.mock.calls.map(([, { body }]) => body);

beforeEach(() => {
  vi.clearAllMocks();
  vi.mocked(client.ask).mockResolvedValue({ ok: true, data: {}, response: new Response() });
});

const use = () =>
  renderHook(useActions, { wrapper: ({ children }) => <WithWords words={en}>{children}</WithWords> }).result.current;

test("undone is what was done: a monitor that was paused before stays paused", async () => {
  const rows = [makeRow({ id: 1 }), makeRow({ id: 2, enabled: false, status: "paused" }), makeRow({ id: 3 })];
  const { pause } = use();
  act(() => pause(rows));
  await waitFor(() => expect(showToast).toHaveBeenCalledOnce());
  vi.mocked(showToast).mock.calls[0]?.[0].undo?.();
  await waitFor(() => expect(post).toHaveBeenCalledTimes(2));
  expect(bodies()).toEqual([
    { action: "pause", ids: [1, 2, 3] },
    { action: "resume", ids: [1, 3] },
  ]);
});

test("where nothing changed there is nothing to undo", async () => {
  const { pause } = use();
  act(() => pause([makeRow({ id: 2, enabled: false, status: "paused" })]));
  await waitFor(() => expect(showToast).toHaveBeenCalledOnce());
  expect(vi.mocked(showToast).mock.calls[0]?.[0].undo).toBeUndefined();
});
