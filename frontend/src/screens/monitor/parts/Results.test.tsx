import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { monitorOf, resultOf } from "../testing";
import { Results } from "./Results";

it("shows the chosen check in its phases, and lets another be chosen", async () => {
  const first = resultOf({
    status: "down",
    error: "Expected 200-299, got 503.",
    http_status: 503,
    first_byte_ms: 1204,
  });
  const second = resultOf({ scheduled_at: "2026-12-08T13:24:40Z", checked_at: "2026-12-08T13:24:40Z" });
  const onChoose = vi.fn();
  render(
    <WithWords words={en}>
      <Results
        monitor={monitorOf()}
        results={[first, second]}
        error={null}
        chosen={first}
        until={null}
        onTryAgain={() => undefined}
        onChoose={onChoose}
        onNewest={() => undefined}
        onMore={null}
      />
    </WithWords>,
  );
  expect(screen.getByRole("img", { name: "Waterfall of a check, 1,240 ms in all" })).toBeTruthy();
  expect(screen.getByText("503 over HTTP/2, 512 bytes")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { pressed: false }));
  expect(onChoose).toHaveBeenCalledWith(second);
});
