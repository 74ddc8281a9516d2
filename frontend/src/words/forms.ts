/** What texts are made of: figures and plurals in a language's own form. */

export function formsOf(locale: string) {
  const rules = new Intl.PluralRules(locale);
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  return {
    locale,
    number: (value: number) => whole.format(value),
    /** `plural(3, "monitor", "monitors")` → "3 monitors" */
    plural: (count: number, one: string, other: string) =>
      `${whole.format(count)} ${rules.select(count) === "one" ? one : other}`,
    /** The word alone, for a figure that stands elsewhere. */
    noun: (count: number, one: string, other: string) => (rules.select(count) === "one" ? one : other),
  };
}
