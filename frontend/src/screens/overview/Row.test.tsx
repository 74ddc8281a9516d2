import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { WithWords } from "@/words";
import { de } from "@/words/de";
import { en } from "@/words/en";
import { Chips } from "./Chips";
import { EmptyByFilter } from "./EmptyByFilter";
import { makeRow } from "./fixtures";
import { HowLong, SecondLine } from "./Lines";
import { readFilters } from "./rows";
import { UptimeFigure } from "./UptimeFigure";

const filters = readFilters(new URLSearchParams("status=down&tag=partners"));
const counts = { down: 3, degraded: 0, no_data: 0, maintenance: 0, pending: 0, paused: 4, up: 229 };

test("an uptime is coloured only where it misses its promise, and then says which", () => {
  const { rerender } = render(
    <WithWords words={en}>
      <UptimeFigure uptime={0.9916} slo={{ target: 0.999, window_days: 30 }} />
    </WithWords>,
  );
  expect(screen.getByText("99.16%").className).toContain("down");
  expect(screen.getByText("SLO 99.9")).toBeTruthy();
  rerender(
    <WithWords words={en}>
      <UptimeFigure uptime={0.9916} slo={null} />
    </WithWords>,
  );
  expect(screen.getByText("99.16%").className).not.toContain("down");
  expect(screen.queryByText("SLO 99.9")).toBeNull();
});

test("the second line is the address when healthy, and the reason when in trouble", () => {
  const down = makeRow({ status: "down", reason: "Expected 200-299, got 503." });
  const { rerender } = render(
    <WithWords words={en}>
      <SecondLine row={makeRow()} />
    </WithWords>,
  );
  expect(screen.getByText("shop.example/health")).toBeTruthy();
  rerender(
    <WithWords words={en}>
      <SecondLine row={down} />
    </WithWords>,
  );
  expect(screen.getByText("Expected 200-299, got 503")).toBeTruthy();
});

test("in German the reason is German, and so is a heartbeat's schedule", () => {
  const { rerender } = render(
    <WithWords words={de}>
      <SecondLine row={makeRow({ status: "down", reason: "Expected 200-299, got 503." })} />
    </WithWords>,
  );
  expect(screen.getByText("200-299 erwartet, 503 erhalten")).toBeTruthy();
  rerender(
    <WithWords words={de}>
      <SecondLine row={makeRow({ kind: "heartbeat", target: "every 1 h, grace 10 min" })} />
    </WithWords>,
  );
  expect(screen.getByText("alle 1 h, Frist 10 min")).toBeTruthy();
});

test("who reads it sees that it was acknowledged, in one line by a sign that has a name", () => {
  const since = new Date(Date.now() - 100.5 * 60_000).toISOString();
  const row = makeRow({ status: "down", since, incident: { id: 1, acknowledged: true } });
  const { container, rerender } = render(
    <WithWords words={en}>
      <HowLong row={row} />
    </WithWords>,
  );
  expect(container.textContent).toBe("1 h 40 min · Acknowledged");
  rerender(
    <WithWords words={en}>
      <HowLong row={row} slim />
    </WithWords>,
  );
  expect(container.textContent).toBe("1 h");
  expect(screen.getByRole("img", { name: "Acknowledged" })).toBeTruthy();
});

test("a chip that is pressed filters, and pressed again does not", async () => {
  const onChange = vi.fn<(next: typeof filters) => void>();
  render(
    <WithWords words={en}>
      <Chips counts={counts} filters={filters} onChange={onChange} />
    </WithWords>,
  );
  await userEvent.click(screen.getByRole("button", { name: "3 down", pressed: true }));
  expect(onChange.mock.calls[0]?.[0].states.size).toBe(0);
  await userEvent.click(screen.getByRole("button", { name: "4 paused", pressed: false }));
  expect(Array.from(onChange.mock.calls[1]?.[0].states ?? [])).toEqual(["down", "paused"]);
  expect(screen.queryByRole("button", { name: /pending/ })).toBeNull();
});

test.each([
  [en, "No monitor is down and is tagged “partners”."],
  [de, "Kein Monitor ist ausgefallen und hat den Tag „partners“."],
])("an empty list says why", (words, sentence) => {
  render(
    <WithWords words={words}>
      <EmptyByFilter rows={new Map()} filters={filters} onClear={() => undefined} />
    </WithWords>,
  );
  expect(screen.getByText(sentence)).toBeTruthy();
});
