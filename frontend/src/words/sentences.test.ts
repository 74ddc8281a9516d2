import { expect, test } from "vitest";
import { de } from "./de";
import { translatorOf } from "./sentences";

const tell = translatorOf({
  "After {}: {*}": "Nach {}: {*}",
  "Expected {} at {}, got {}.": "Erwartet {} bei {}, kam {}.",
  "Expected {}, got {}.": "Erwartet {}, kam {}.",
  "It ended (now).": "Es endete (jetzt).",
});

test("what varies stands where the other language wants it", () => {
  expect(tell("Expected 200-299, got 503.")).toBe("Erwartet 200-299, kam 503.");
  expect(tell('Expected "up" at $.status, got "down".')).toBe('Erwartet "up" bei $.status, kam "down".');
});

test("a sentence within another is told, too", () => {
  expect(tell("After a: After b: It ended (now).")).toBe("Nach a: Nach b: Es endete (jetzt).");
});

test("a last full stop is as it was, and what nobody translated stays", () => {
  expect(tell("It ended (now)")).toBe("Es endete (jetzt)");
  expect(tell("Expected nothing.")).toBe("Expected nothing.");
  expect(tell("")).toBe("");
});

test.each([
  ["Expected 200-299, got 503.", "200-299 erwartet, 503 erhalten."],
  [
    "Expected one of 192.0.2.1, 192.0.2.2; got no records.",
    "Erwartet war einer von 192.0.2.1, 192.0.2.2; es kam kein Eintrag.",
  ],
  [
    "After a redirect to https://shop.example: Connected, but no answer came within 10 s.",
    "Nach einer Weiterleitung zu https://shop.example: Verbunden, aber in 10 s kam keine Antwort.",
  ],
  ["The certificate expired on 2026-12-01, 1 day ago.", "Das Zertifikat lief am 2026-12-01 ab, vor 1 Tag."],
  [
    "The domain expires on 2026-12-09, in 9 days; expected at least 30 days.",
    "Die Domain läuft am 2026-12-09 ab, in 9 Tagen; erwartet sind mindestens 30 Tage.",
  ],
  [
    "No connection within 10 s; nothing answered at 192.0.2.1.",
    "Keine Verbindung in 10 s; bei 192.0.2.1 antwortete nichts.",
  ],
  [
    "No connection within 10 s; nothing answered at the address.",
    "Keine Verbindung in 10 s; bei der Adresse antwortete nichts.",
  ],
  ["every 15 min, grace 5 min", "alle 15 min, Frist 5 min"],
])("German tells %s", (english, german) => {
  expect(de.fromServer(english)).toBe(german);
});
