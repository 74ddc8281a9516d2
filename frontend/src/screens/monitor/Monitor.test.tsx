import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { Refused } from "@/api/client";
import * as routing from "@/routing";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import * as queries from "./data/queries";
import { Monitor } from "./Monitor";

vi.mock("@/routing", async (original) => ({ ...(await original<typeof routing>()), useRoute: vi.fn() }));
vi.mock("@/shell/Screen", () => ({ Screen: ({ children }: { children: React.ReactNode }) => children }));
vi.mock("./LoadedMonitor", () => ({ LoadedMonitor: () => "Up for 12 min" }));
vi.mock("./data/queries", async (original) => ({ ...(await original<typeof queries>()), useMonitor: vi.fn() }));

const GONE = "This is not there (any more), or it belongs to another team.";
const route = (id: number | null) =>
  vi.mocked(routing.useRoute).mockReturnValue({ path: "/monitors/_/", id, query: new URLSearchParams(), ready: true });
const monitor = (found: { data?: object; error?: Error }) =>
  vi.mocked(queries.useMonitor).mockReturnValue(found as ReturnType<typeof queries.useMonitor>);
const show = () =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <WithWords words={en}>
        <Monitor />
      </WithWords>
    </QueryClientProvider>,
  );

beforeEach(() => route(7));

test("a monitor that somebody deleted meanwhile is not shown as it last was", () => {
  monitor({ data: { id: 7 }, error: new Refused({ kind: "missing", requestId: "" }) });
  show();
  expect(screen.getByText(GONE)).toBeTruthy();
  expect(screen.queryByText("Up for 12 min")).toBeNull();
});

test("while the server does not answer, the monitor stays as it last was", () => {
  monitor({ data: { id: 7 }, error: new Refused({ kind: "offline" }) });
  show();
  expect(screen.getByText("Up for 12 min")).toBeTruthy();
});

test("an address without a number leads to no monitor, and does not wait for one", () => {
  route(null);
  monitor({});
  show();
  expect(screen.getByText(GONE)).toBeTruthy();
});
