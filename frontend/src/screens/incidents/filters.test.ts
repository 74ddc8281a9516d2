import { expect, test } from "vitest";
import { readFilters, toQuery, writeFilters } from "./filters";

test.each([
  ["", { team: 7 }],
  ["show=open", { team: 7, open: true }],
  ["show=resolved", { team: 7, open: false }],
  ["show=resolved&monitor=3", { team: 7, open: false, monitor: 3 }],
])("the address ?%s asks the server for %o", (address, query) => {
  const filters = readFilters(new URLSearchParams(address));
  expect(toQuery(filters, 7)).toEqual(query);
  expect(writeFilters(filters).toString()).toBe(address);
});
