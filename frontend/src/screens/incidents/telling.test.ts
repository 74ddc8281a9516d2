import { describe, expect, it } from "vitest";
import { cursorOf, type Entry, type Planned } from "@/api/incidents";
import { de } from "@/words/de";
import { en } from "@/words/en";
import {
  answerOf,
  lasts,
  nextCall,
  signOf,
  splitCause,
  subscribersOf,
  tellTook,
  toldState,
  withChanges,
  wordsOf,
} from "./telling";

const JONAS = { id: 7, name: "Jonas Berg", email: "jonas@example.com" };

function entry(changes: Partial<Entry>): Entry {
  const empty = { author: null, status: null, public: false, pages: [], deliveries: [] };
  return { kind: "note", at: "2026-12-08T13:20:00Z", by: "machine", text: "", ...empty, ...changes };
}

describe("the cause", () => {
  it("is the failing check's sentence, parted after the first", () => {
    const cause = { error: "Expected status 200-299, got 503. The body says no." };
    expect(splitCause({ cause: cause as never, title: "t" }, "opened", en)).toEqual({
      first: "Expected status 200-299, got 503.",
      rest: "The body says no.",
    });
  });

  it("does not break an address apart", () => {
    const cause = { error: "No answer from db.example.com within 10 s." };
    expect(splitCause({ cause: cause as never, title: "t" }, "", en).rest).toBe("");
  });

  it("is what a person wrote, or the title, where no check failed", () => {
    expect(splitCause({ cause: null, title: "Login is slow" }, "We look into it", en).first).toBe("We look into it");
    expect(splitCause({ cause: null, title: "Login is slow" }, "", en).first).toBe("Login is slow");
  });
});

describe("a state", () => {
  it("is up once it is over, whatever it was", () => {
    expect(signOf({ kind: "automatic", severity: "critical", resolved_at: "2026-12-08T13:30:00Z" })).toBe("up");
  });

  it("of a minor incident that a person opened is no outage", () => {
    expect(signOf({ kind: "manual", severity: "minor", resolved_at: null })).toBe("degraded");
  });

  it("lasts until it is resolved, and never less than nothing", () => {
    const started_at = "2026-12-08T13:14:00Z";
    expect(lasts({ started_at, resolved_at: "2026-12-08T13:26:00Z" }, 0)).toBe(12 * 60_000);
    expect(lasts({ started_at, resolved_at: null }, 0)).toBe(0);
  });
});

describe("who was told", () => {
  it("is said with the receiver's answer word by word, its status once", () => {
    expect(answerOf({ answer: "ok", answer_status: 200 })).toBe("200 ok");
    expect(answerOf({ answer: "250 2.0.0 queued as 4Xk2", answer_status: 250 })).toBe("250 2.0.0 queued as 4Xk2");
    expect(answerOf({ answer: "", answer_status: null })).toBe("");
  });

  it("is dropped where the server has a word that we do not know", () => {
    expect(toldState({ status: "sent" })).toBe("delivered");
    expect(toldState({ status: "dead" })).toBe("failed");
    expect(toldState({ status: "withheld" })).toBe("dropped");
  });

  it("took tenths of a second, in the language's form, and minutes from one on", () => {
    const took = { planned_at: "2026-12-08T13:14:00.000Z", settled_at: "2026-12-08T13:14:00.420Z" };
    expect(tellTook(took, en)).toBe("0.4 s");
    expect(tellTook(took, de)).toBe("0,4 s");
    expect(tellTook({ ...took, settled_at: "2026-12-08T13:16:30Z" }, en)).toBe("2 min");
    expect(tellTook({ ...took, settled_at: null }, en)).toBe("");
  });

  it("is called next only while nobody has acknowledged", () => {
    const call = { unless: "acknowledged", channel_name: "PagerDuty" } as Planned;
    const planned = [{ ...call, unless: "over" as const, channel_name: "Slack" }, call];
    const open = { planned, acknowledged_at: null, resolved_at: null };
    expect(nextCall(open)?.channel_name).toBe("PagerDuty");
    expect(nextCall({ ...open, acknowledged_at: "2026-12-08T13:20:00Z" })).toBeNull();
  });
});

describe("the timeline", () => {
  it("leaves out the sentence that the server wrote for a person", () => {
    const said = { kind: "acknowledged" as const, author: JONAS };
    expect(wordsOf({ ...said, text: "Acknowledged by Jonas Berg." })).toBe("");
    expect(wordsOf({ ...said, text: "On it." })).toBe("On it.");
    expect(wordsOf({ kind: "finding", author: null, text: "Down in 3 regions." })).toBe("");
  });

  it("tells a state only where it changed", () => {
    const timeline = [
      entry({ status: "identified" }),
      entry({ kind: "told" }),
      entry({ status: "investigating" }),
      entry({ kind: "opened", status: "investigating" }),
    ];
    expect(withChanges(timeline).map((one) => one.became)).toEqual(["identified", null, null, null]);
  });
});

it("counts the subscribers of the pages that are ticked", () => {
  const page = { title: "", slug: "", visibility: "public" as const, shows: true };
  const pages = [
    { ...page, id: 1, subscribers: 214 },
    { ...page, id: 2, subscribers: 17 },
    { ...page, id: 3, subscribers: 5 },
  ];
  expect(subscribersOf(pages, new Set([1, 2]))).toBe(231);
});

it("reads the cursor out of the next page's address", () => {
  expect(cursorOf("https://pulse.example/api/v1/incidents/?cursor=cD0x&team=1")).toBe("cD0x");
  expect(cursorOf(null)).toBeNull();
});
