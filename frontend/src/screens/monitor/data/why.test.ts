import { describe, expect, it } from "vitest";
import { en } from "@/words/en";
import { monitorOf, resultOf, statsOf } from "../testing";
import { headline, whyItIsSo } from "./why";

const NOW = Date.parse("2026-12-08T13:26:00Z");
const SINCE = "2026-12-08T13:14:00Z";
const around = { since: SINCE, usual: undefined, now: NOW, maintenance: null };

describe("why a monitor is as it is", () => {
  it("says how long the state has lasted", () => {
    expect(headline(monitorOf({ status: "down" }), SINCE, NOW, en)).toBe("Down for 12 min");
    expect(headline(monitorOf({ status: "paused" }), null, NOW, en)).toBe("Paused");
  });

  it("names the fault, the regions and since when", () => {
    const error = "Expected 200-299, got 503.";
    const state = (region: string) =>
      ({ region, status: "down", since: SINCE, error, http_status: 503, checked_at: SINCE, response_ms: 90 }) as const;
    const monitor = monitorOf({ status: "down", regions_state: [state("a"), state("b"), state("c")] });
    const why = whyItIsSo(monitor, around, en);
    expect(why.fact).toBe("Expected 200-299, got 503");
    expect(why.rest).toMatch(/^ in 3 of 3 regions since \d\d:14\.$/);
  });

  it("says that the first byte is late, if it is three times as late as usual", () => {
    const slow = resultOf({ status: "down", error: "Got 503.", first_byte_ms: 1204 });
    const monitor = monitorOf({ status: "down", last_result: slow });
    const rest = (usual: number) => whyItIsSo(monitor, { ...around, usual: statsOf({ firstByte: usual }) }, en).rest;
    expect(rest(96)).toContain("first byte after 1,204 ms, usually 96.");
    expect(rest(900)).not.toContain("first byte");
  });

  it("says the fault alone where nobody knows since when", () => {
    const monitor = monitorOf({ status: "down", last_result: resultOf({ status: "down", error: "Got 503." }) });
    expect(whyItIsSo(monitor, { ...around, since: null }, en)).toEqual({ fact: "Got 503", rest: "." });
  });

  it("tells of a heartbeat when the last ping came and when the next is due", () => {
    const heartbeat = { last_ping_at: SINCE, deadline_at: "2026-12-08T14:26:00Z", started_at: null };
    const why = whyItIsSo(monitorOf({ kind: "heartbeat", status: "up", heartbeat }), around, en);
    expect(why.fact).toBe("Last ping 12 min ago");
    expect(why.rest).toMatch(/^; the next is due by \d\d:26\.$/);
  });
});
