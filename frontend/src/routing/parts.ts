/** Parts of the app that are loaded when they are wanted: dialogs, charts, the words of a language. */
import { lazy } from "react";

const AGAIN_AFTER_MS = 2000;

async function isServerThere(): Promise<boolean> {
  try {
    return (await fetch("/version.json", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** While the server does not answer, the part is asked for again and again: what was opened meanwhile opens late, and
 *  nothing that is shown is taken away. Throws where the server is there and has no such part (any more). */
export async function load<Part>(part: () => Promise<Part>): Promise<Part> {
  for (;;) {
    try {
      return await part();
    } catch {
      if (await isServerThere()) return part();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }
}

/** `lazy`, loaded in this way. */
export const lazyPart: typeof lazy = (part) => lazy(() => load(part));
