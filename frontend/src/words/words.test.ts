import { expect, test } from "vitest";
import { de } from "./de";
import { en } from "./en";

type Tree = { [key: string]: unknown };

function leaves(tree: Tree, path = ""): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? leaves(value as Tree, `${path}${key}.`)
      : [[path + key, value] as [string, unknown]],
  );
}

test("both languages have the same texts, and none is empty", () => {
  // What the server says in English has German beside it; English needs none.
  const keys = (words: Tree) => leaves(words).flatMap(([key]) => (key.startsWith("monitorForm.server.") ? [] : [key]));
  expect(keys(de)).toEqual(keys(en));
  for (const [key, text] of [...leaves(en), ...leaves(de)]) expect(text, key).not.toBe("");
});
