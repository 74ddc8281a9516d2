/** The colours themselves: text can be read, and states are told apart by all kinds of sight. */
import fs from "node:fs";
import { expect, test } from "vitest";

const css = fs.readFileSync("src/styles/tokens.css", "utf8");
const THEMES = ["light", "dark"] as const;
type Rgb = [number, number, number];

function token(name: string, theme: (typeof THEMES)[number]): Rgb {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  if (!found) throw new Error(`There is no token --${name} of two colours.`);
  const hex = found[theme === "light" ? 1 : 2] ?? "";
  return [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255)) as Rgb;
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function contrast(a: Rgb, b: Rgb): number {
  const bright = (rgb: Rgb) => 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
  const [low = 0, high = 0] = [bright(a), bright(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

type Matrix = [Rgb, Rgb, Rgb];
const times = (matrix: Matrix, v: Rgb): Rgb =>
  matrix.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as Rgb;

/** Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB. */
const SIGHTS: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Björn Ottosson's OKLab. */
function oklab(rgb: Rgb): Rgb {
  const lms = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb.map((one) => Math.min(1, Math.max(0, one))) as Rgb,
  ).map(Math.cbrt) as Rgb;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    lms,
  );
}

function distance(a: Rgb, b: Rgb): number {
  const [one, other] = [oklab(a), oklab(b)];
  return 100 * Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

const AREAS = ["up-soft", "degraded-area", "down-area", "maintenance-area", "quiet-area"];

for (const theme of THEMES) {
  for (const [sight, matrix] of Object.entries(SIGHTS)) {
    test(`states are 10 apart in OKLab, ${theme}, ${sight} sight`, () => {
      const seen = AREAS.map((name) => times(matrix, token(name, theme)));
      for (let a = 0; a < seen.length; a++)
        for (let b = a + 1; b < seen.length; b++)
          expect(distance(seen[a] as Rgb, seen[b] as Rgb), `${AREAS[a]} and ${AREAS[b]}`).toBeGreaterThanOrEqual(10);
    });
  }

  test(`text can be read on every surface, ${theme}`, () => {
    for (const text of ["text", "text-2", "text-3", "accent", "up", "degraded", "down", "maintenance", "quiet"])
      for (const surface of ["bg", "surface", "surface-2", "hover", "button"])
        expect(contrast(token(text, theme), token(surface, theme)), `${text} on ${surface}`).toBeGreaterThanOrEqual(
          4.5,
        );
    expect(contrast(token("on-accent", theme), token("accent", theme))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(token("line-strong", theme), token("surface", theme))).toBeGreaterThanOrEqual(3);
  });

  test(`first byte is no warning, ${theme}: it is far from "degraded", and neighbours in the waterfall differ`, () => {
    const phases = ["dns", "connect", "tls", "first-byte", "download"];
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      const at = (name: string) => times(matrix, token(name, theme));
      if (sight === "normal") expect(distance(at("first-byte"), at("degraded-area"))).toBeGreaterThanOrEqual(10);
      for (let index = 1; index < phases.length; index++)
        expect(
          distance(at(phases[index - 1] ?? ""), at(phases[index] ?? "")),
          `${phases[index]}, ${sight}`,
        ).toBeGreaterThanOrEqual(8);
    }
  });
}
