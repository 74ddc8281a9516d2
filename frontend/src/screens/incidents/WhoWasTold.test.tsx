import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Incident, Told } from "@/api/incidents";
import { WithWords } from "@/words";
import { en } from "@/words/en";
import { WhoWasTold } from "./WhoWasTold";

const NOW = new Date("2026-12-08T13:26:00Z");
const SENT: Told = {
  id: 501,
  channel: 4,
  channel_name: "Slack #ops",
  channel_kind: "slack",
  event: "down",
  status: "sent",
  reason: "",
  planned_at: "2026-12-08T13:14:14Z",
  due_at: null,
  attempts: 1,
  settled_at: "2026-12-08T13:14:14.4Z",
  answer_status: 200,
  answer: "ok",
};

const show = (parts: Partial<Incident>) =>
  render(
    <WithWords words={en}>
      <WhoWasTold incident={{ ...({ deliveries: [], planned: [], withheld: [] } as unknown as Incident), ...parts }} />
    </WithWords>,
  );

beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => vi.useRealTimers());

it("shows the receiver's answer, and how long it took", () => {
  show({ deliveries: [SENT] });
  expect(screen.getByText("200 ok")).toBeTruthy();
  expect(screen.getByText(/, 0\.4 s$/)).toBeTruthy();
  expect(screen.getByLabelText("delivered")).toBeTruthy();
});

it("says what is going to happen, and what would keep it back", () => {
  const at = "2026-12-08T13:29:30Z";
  const next = { channel: 5, channel_name: "PagerDuty", channel_kind: "pagerduty" as const, rule: "On call" };
  show({ planned: [{ ...next, at, event: "escalated", unless: "acknowledged" }] });
  expect(screen.getByText("In 3 min, unless somebody acknowledges")).toBeTruthy();
  expect(screen.getByText("escalation")).toBeTruthy();
});

it("says why somebody was not told", () => {
  const text = "Quiet hours of the rule On call until 07:00.";
  show({
    withheld: [
      { delivery: 9, event: "down", channel: "SMS", reason: "quiet_hours", text, since: SENT.planned_at, until: null },
    ],
  });
  expect(screen.getByText(text)).toBeTruthy();
  expect(screen.getByLabelText("not sent")).toBeTruthy();
});

it("folds a long list away, and opens it on demand", () => {
  const { container } = show({
    deliveries: Array.from({ length: 12 }, (_, id) => ({ ...SENT, id, channel_name: `Channel ${id}` })),
  });
  expect(container.querySelectorAll("li")).toHaveLength(8);
  fireEvent.click(screen.getByText("Show all 12"));
  expect(container.querySelectorAll("li")).toHaveLength(12);
});

it("says so when nobody was told", () => {
  show({});
  expect(screen.getByText("Nobody was told.")).toBeTruthy();
});
