/** Sentences that the server writes in English, told in another language. */

type Translate = (sentence: string) => string;

const HOLES = /\{[*]?\}/g;
const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
const withoutStop = (text: string) => text.replace(/\.$/, "");

/** `{}` is what varies; `{*}` is a sentence or a term itself, which is translated, too. The holes of a translation
 *  are in the same order. A last full stop is kept or left out as it was given. What has no template stays English. */
export function translatorOf(templates: Record<string, string>): Translate {
  const whole = new Map<string, string>();
  const patterns: [RegExp, boolean[], string[]][] = [];
  for (const [english, other] of Object.entries(templates)) {
    const holes = english.match(HOLES);
    if (!holes) {
      whole.set(withoutStop(english), withoutStop(other));
      continue;
    }
    const parts = withoutStop(english).split(HOLES).map(escape);
    const pattern = new RegExp(`^${parts.join("(.+?)")}$`, "su");
    patterns.push([pattern, holes.map((hole) => hole === "{*}"), withoutStop(other).split(HOLES)]);
  }
  const known = new Map<string, string>();
  const find = (text: string): string => {
    const exact = whole.get(text);
    if (exact !== undefined) return exact;
    for (const [pattern, nested, texts] of patterns) {
      const found = pattern.exec(text);
      if (!found) continue;
      const filled = found.slice(1).map((part, index) => (nested[index] ? find(part) : part));
      return texts.map((piece, index) => piece + (filled[index] ?? "")).join("");
    }
    return text;
  };
  return (sentence) => {
    const seen = known.get(sentence);
    if (seen !== undefined) return seen;
    const told = find(withoutStop(sentence)) + (sentence.endsWith(".") ? "." : "");
    if (known.size > MOST_KNOWN) known.clear();
    known.set(sentence, told);
    return told;
  };
}

const MOST_KNOWN = 2000;
