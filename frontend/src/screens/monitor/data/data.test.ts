import { describe, expect, it } from "vitest";
import { monitorOf } from "../testing";
import { curlCommand } from "./curl";
import { covers, type Rule, toldSteps } from "./told";
import { tellTarget, tellUptime } from "./uptime";
import { openingWindow, stretchOf, withStretch, zoomTo } from "./windows";

describe("the window", () => {
  const now = Date.parse("2026-12-08T13:26:00Z");
  const old = "2026-11-01T00:00:00Z";

  it("is one hour where the monitor just went down, or was just made", () => {
    expect(openingWindow("2026-12-08T13:14:00Z", old, now)).toBe("1h");
    expect(openingWindow("2026-12-08T11:14:00Z", old, now)).toBe("24h");
    expect(openingWindow(null, old, now)).toBe("24h");
    expect(openingWindow(null, "2026-12-08T13:20:00Z", now)).toBe("1h");
  });

  it("stands in the address, beside what else is there", () => {
    const query = withStretch(new URLSearchParams("window=7d&x=1"), { from: "a", to: "b" });
    expect(query.toString()).toBe("x=1&from=a&to=b");
    expect(stretchOf(new URLSearchParams("window=7d"), "24h")).toEqual({ window: "7d" });
    expect(stretchOf(new URLSearchParams("window=7y&from=x&to=y"), "24h")).toEqual({ window: "24h" });
  });

  it("of a drag is a minute at least, and not in the future", () => {
    expect(zoomTo(now + 90_000, now - 10_000, now)).toEqual({
      from: "2026-12-08T13:25:00Z",
      to: "2026-12-08T13:26:00Z",
    });
  });
});

describe("uptime", () => {
  it("is floored, and 100% only where it is", () => {
    const told = [0.99996, 0.9991, 1, null].map((ratio) => tellUptime(ratio, "en-GB"));
    expect(told).toEqual(["99.99%", "99.91%", "100%", "–"]);
    expect(tellTarget(0.999, "en-GB")).toBe("99.9%");
  });
});

describe("who is told", () => {
  const now = (...channels: number[]) => [{ after_min: 0, channels }];
  const rule = (given: Partial<Rule>) =>
    ({
      enabled: true,
      delay_min: 0,
      events: ["down"],
      monitors: [],
      tags: [],
      steps: now(1),
      ...given,
    }) as unknown as Rule;

  it("is said of rules for all, for its tags and for itself, the soonest time of each channel", () => {
    const rules = [
      rule({ steps: [{ after_min: 15, channels: [1, 2] }] }),
      rule({ tags: ["eu"] }),
      rule({ monitors: [99], steps: now(3) }),
      rule({ enabled: false, steps: now(4) }),
      rule({ events: ["recovered"], steps: now(5) }),
    ];
    expect(toldSteps(rules, monitorOf({ tags: ["eu"] }))).toEqual([
      { afterMin: 0, channels: [1] },
      { afterMin: 15, channels: [2] },
    ]);
    expect(covers({ monitors: [], tags: [] }, { id: 1, tags: [] })).toBe(true);
  });
});

describe("a check as a command", () => {
  it("quotes what stands in an address", () => {
    expect(curlCommand("POST", "https://a.example/?q='x")).toBe(
      `curl -sv -X POST -o /dev/null 'https://a.example/?q='\\''x'`,
    );
  });
});
