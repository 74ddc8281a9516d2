/** One browser, several people: what is one person's is never shown to the next, nor sent for them. */
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as client from "@/api/client";
import * as routing from "@/routing";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { readMe } from ".";
import { auth } from "./auth";
import { keepDraft, ownDrafts, readDraft } from "./memory";
import { watchReturn } from "./return";
import SessionDialog from "./SessionDialog";

vi.mock("@/routing", async (original) => ({
  ...(await original<typeof routing>()),
  reload: vi.fn(),
  leaveTo: vi.fn(),
}));
vi.mock("@/api/client", async (original) => ({
  ...(await original<typeof client>()),
  api: { GET: vi.fn() },
  read: vi.fn(),
}));
vi.mock("./auth", () => ({ auth: { signIn: vi.fn(), whoIsIn: vi.fn() } }));

const { reload } = vi.mocked(routing);
const { signIn, whoIsIn } = vi.mocked(auth);
const me = (id: number) => ({ id, email: `${id}@a.example`, name: "", teams: [], email_verified: true });

beforeEach(() => vi.clearAllMocks());
afterEach(() => {
  sessionStorage.clear();
  document.documentElement.hidden = false;
});

test("a draft is its writer's: the next person at this tab does not find it, the writer does", () => {
  ownDrafts(1);
  keepDraft("monitor:new", "https://internal.example");
  ownDrafts(2);
  expect(readDraft("monitor:new")).toBeNull();
  ownDrafts(1);
  expect(readDraft("monitor:new")).toBe("https://internal.example");
});

test("somebody else than before is signed in: the page loads anew, and drafts stay whose they are", async () => {
  const { read } = vi.mocked(client);
  read.mockResolvedValue(me(1));
  expect((await readMe()).id).toBe(1);
  expect((await readMe()).id).toBe(1);
  keepDraft("monitor:new", "of 1");
  expect(reload).not.toHaveBeenCalled();
  read.mockResolvedValue(me(2));
  void readMe();
  await waitFor(() => expect(reload).toHaveBeenCalledOnce());
  expect(readDraft("monitor:new")).toBe("of 1");
});

const move = (name: "pagehide" | "pageshow", persisted: boolean) =>
  window.dispatchEvent(Object.assign(new Event(name), { persisted }));

test("a page that the browser kept is shown again only while its person is signed in", async () => {
  const end = watchReturn(1);
  move("pagehide", true);
  expect(document.documentElement.hidden).toBe(true);
  whoIsIn.mockResolvedValue({ id: 1, email: "1@a.example" });
  move("pageshow", true);
  await waitFor(() => expect(document.documentElement.hidden).toBe(false));
  expect(reload).not.toHaveBeenCalled();

  for (const who of [null, { id: 2, email: "2@a.example" }]) {
    reload.mockClear();
    move("pagehide", true);
    whoIsIn.mockResolvedValue(who);
    move("pageshow", true);
    await waitFor(() => expect(reload).toHaveBeenCalledOnce());
    expect(document.documentElement.hidden).toBe(true);
  }
  end();
});

test("a page that is left for good is not covered", () => {
  const end = watchReturn(1);
  move("pagehide", false);
  move("pageshow", false);
  expect(document.documentElement.hidden).toBe(false);
  expect(whoIsIn).not.toHaveBeenCalled();
  end();
});

async function signInAgain(): Promise<() => void> {
  signIn.mockResolvedValue({ ok: false, status: 409, problem: { kind: "offline" }, code: "" });
  const onSignedIn = vi.fn();
  render(
    <WithWords words={en}>
      <SessionDialog id={1} email="1@a.example" sends onSignedIn={onSignedIn} />
    </WithWords>,
  );
  fireEvent.change(screen.getByLabelText("Password of 1@a.example"), { target: { value: "secret" } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in and go on" }));
  await waitFor(() => expect(whoIsIn).toHaveBeenCalled());
  await waitFor(() => expect(onSignedIn.mock.calls.length + reload.mock.calls.length).toBe(1));
  return onSignedIn;
}

test("another tab signed the same person in: what waits is sent", async () => {
  whoIsIn.mockResolvedValue({ id: 1, email: "1@a.example" });
  expect(await signInAgain()).toHaveBeenCalledOnce();
});

test("another tab signed somebody else in: what waits is not sent for them", async () => {
  whoIsIn.mockResolvedValue({ id: 2, email: "2@a.example" });
  expect(await signInAgain()).not.toHaveBeenCalled();
  expect(reload).toHaveBeenCalledOnce();
});
