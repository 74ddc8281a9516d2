import { expect, test } from "vitest";
import { readTarget } from "./target";

test.each([
  ["https://www.example.com", { name: "www.example.com", kind: "http", url: "https://www.example.com" }],
  [" http://example.com/health/ ", { name: "example.com/health", kind: "http", url: "http://example.com/health/" }],
  ["example.com", { name: "example.com", kind: "http", url: "https://example.com" }],
  ["example.com/health", { name: "example.com/health", kind: "http", url: "https://example.com/health" }],
  ["db.example.com:5432", { name: "db.example.com:5432", kind: "tcp", url: "db.example.com:5432" }],
  ["[2001:db8::1]:22", { name: "[2001:db8::1]:22", kind: "tcp", url: "[2001:db8::1]:22" }],
  ["http://localhost:8000/x", { name: "localhost:8000/x", kind: "http", url: "http://localhost:8000/x" }],
])("%s is watched as it says", (text, target) => {
  expect(readTarget(text)).toEqual(target);
});

test.each(["", "exam", "https://", "https://exa mple.com", "example.com:0", "example.com:70000", "not an address"])(
  "%s is no address yet",
  (text) => {
    expect(readTarget(text)).toBeNull();
  },
);
