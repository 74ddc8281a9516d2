import { useState } from "react";
import { recall, remember } from "@/session/memory";

export type RowHeight = "two" | "one";

/** Rows of two lines, or of one: a wish that this browser remembers. */
export function useRowHeight(): [RowHeight, (next: RowHeight) => void] {
  const [height, setHeight] = useState<RowHeight>(() => (recall("rows") === "one" ? "one" : "two"));
  const choose = (next: RowHeight) => {
    remember("rows", next);
    setHeight(next);
  };
  return [height, choose];
}
