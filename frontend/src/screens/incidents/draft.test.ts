import { expect, it } from "vitest";
import type { PageOf } from "@/api/incidents";
import { emptyDraft, isReady, restore, toUpdate } from "./draft";
import { readFilters, toQuery, writeFilters } from "./filters";

const PAGES: PageOf[] = [
  { id: 3, title: "Harbourline status", slug: "harbourline", visibility: "public", shows: true, subscribers: 214 },
  { id: 4, title: "Internal board", slug: "board", visibility: "team", shows: false, subscribers: 0 },
];

it("ticks the pages that show the monitor", () => {
  expect(emptyDraft(PAGES).pages).toEqual([3]);
});

it("brings back what was typed, without pages that are gone", () => {
  const kept = { text: "Rolled back", public: true, status: "identified", pages: [4, 99] };
  expect(restore(kept, PAGES)).toEqual({ ...kept, pages: [4] });
});

it("begins anew where what was kept is no draft", () => {
  expect(restore("[object Object]", PAGES)).toEqual(emptyDraft(PAGES));
  expect(restore({ text: 7, status: "gone", pages: "3" }, PAGES)).toEqual(emptyDraft(PAGES));
});

it("sends no pages with an internal note, and no state that it has already", () => {
  const draft = { text: " Who takes it? ", public: false, status: "investigating" as const, pages: [3] };
  expect(toUpdate(draft, { status: "investigating" })).toEqual({ text: "Who takes it?" });
});

it("sends the ticked pages and the new state with a public update", () => {
  const draft = { text: "Found", public: true, status: "identified" as const, pages: [3] };
  const sent = { text: "Found", public: true, pages: [3], status: "identified" };
  expect(toUpdate(draft, { status: "investigating" })).toEqual(sent);
});

it("is not ready without words, nor in public without a page", () => {
  expect(isReady({ ...emptyDraft(PAGES), text: " " })).toBe(false);
  expect(isReady({ ...emptyDraft(PAGES), text: "x", public: true, pages: [] })).toBe(false);
  expect(isReady({ ...emptyDraft(PAGES), text: "x" })).toBe(true);
});

it("keeps the list's filters in the address, and leaves out what is as usual", () => {
  const filters = readFilters(new URLSearchParams("show=open&monitor=12"));
  expect(filters).toEqual({ which: "open", monitor: 12 });
  expect(writeFilters(filters).toString()).toBe("show=open&monitor=12");
  expect(writeFilters(readFilters(new URLSearchParams("show=x&monitor=y"))).toString()).toBe("");
});

it("asks the server for open or resolved ones of one team", () => {
  expect(toQuery({ which: "resolved", monitor: 12 }, 1)).toEqual({ team: 1, open: false, monitor: 12 });
  expect(toQuery({ which: "all", monitor: null }, 1)).toEqual({ team: 1 });
});
