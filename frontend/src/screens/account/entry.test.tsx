import { expect, test } from "vitest";
import { nextAddress } from "./entry";

const next = (address: string) => nextAddress(new URLSearchParams({ next: address }));

test.each(["/", "/monitors/7/?window=7d#x", "/incidents/?monitor=3", "/nowhere/at/all", "/@a.example", "/?q=%ff"])(
  "%s is of this app",
  (address) => expect(next(address)).toBe(address),
);

// Browsers leave out tabs and line ends, take \ for /, and shorten /./ and /../.
test.each([
  "/\t/a.example",
  "/\n/a.example",
  "/\r/a.example",
  "/\t\\a.example",
  "\t//a.example",
  "//a.example",
  "/\\a.example",
  "\\\\a.example",
  "/.//a.example",
  "/%2e//a.example",
  "/..//a.example",
  "https://a.example",
  "https:a.example",
  "javascript:alert(1)",
  "a.example",
  "/monitors/%E0%A4%A/",
  "//",
  "",
])("%j leads to the overview", (address) => expect(next(address)).toBe("/"));

test("nothing is asked for: to the overview", () => expect(nextAddress(new URLSearchParams())).toBe("/"));
