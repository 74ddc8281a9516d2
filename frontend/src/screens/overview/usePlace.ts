import { type RefObject, useLayoutEffect } from "react";

export type Place = { index: number; top: number };

/** Puts a row where it belongs: by the object model, for the page's policy refuses a style in the markup. */
export function usePlace(ref: RefObject<HTMLElement | null>, top: number | null): void {
  useLayoutEffect(() => {
    if (top === null) ref.current?.style.removeProperty("transform");
    else ref.current?.style.setProperty("transform", `translateY(${top}px)`);
  }, [ref, top]);
}
