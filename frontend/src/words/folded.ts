/** A text as it is searched: "Zürich" is found by "zurich", and however its letters are composed. */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
