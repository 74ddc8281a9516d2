/** Uptime as people read it: floored, so that 99.996 % is never "100%", and "100%" without decimals. Pure. */

/** `ratio` 0 to 1; "–" where nothing was measured. */
export function tellUptime(ratio: number | null | undefined, locale: string): string {
  if (ratio === null || ratio === undefined) return "–";
  if (ratio >= 1) return percent(1, locale, 0);
  // The small addition keeps 0.9991 from becoming 99.90 by its binary form.
  return percent(Math.floor(ratio * 10_000 + 1e-6) / 10_000, locale, 2);
}

/** A promise, with the decimals it has: "99.9%". */
export function tellTarget(ratio: number, locale: string): string {
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 3 }).format(ratio);
}

function percent(ratio: number, locale: string, digits: number): string {
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(locale, options).format(ratio);
}
