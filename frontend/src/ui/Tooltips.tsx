/** One tooltip for all that has `data-tip`: by pointer and by keyboard, above everything (Popover API).
 *  A component a row would be too dear, and `title` is not shown to the keyboard. */
import { useEffect, useRef } from "react";
import styles from "./Tooltips.module.css";

const AFTER_MS = 400;
const GAP = 6;

function place(tip: HTMLElement, target: Element): void {
  const box = target.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const below = box.bottom + GAP + height <= innerHeight;
  const left = Math.min(Math.max(8, box.left + box.width / 2 - width / 2), innerWidth - width - 8);
  tip.style.setProperty("left", `${left}px`);
  tip.style.setProperty("top", `${below ? box.bottom + GAP : box.top - GAP - height}px`);
}

export function Tooltips() {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let shown: Element | null = null;
    const hide = () => {
      clearTimeout(timer);
      shown = null;
      if (ref.current?.matches(":popover-open")) ref.current.hidePopover();
    };
    const show = (target: Element) => {
      const tip = ref.current;
      const text = target.getAttribute("data-tip");
      if (!tip || !text || !target.isConnected) return;
      tip.textContent = text;
      if (!tip.matches(":popover-open")) tip.showPopover();
      place(tip, target);
    };
    const come = (event: Event) => {
      const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
      if (target === shown) return;
      hide();
      if (!target) return;
      if (event.type === "focusin" && !target.matches(":focus-visible")) return;
      shown = target;
      timer = setTimeout(() => show(target), event.type === "focusin" ? 0 : AFTER_MS);
    };
    const stop = new AbortController();
    const { signal } = stop;
    document.addEventListener("pointerover", come, { signal, passive: true });
    document.addEventListener("focusin", come, { signal });
    for (const name of ["pointerdown", "keydown", "scroll", "focusout"])
      document.addEventListener(name, hide, { signal, capture: true, passive: true });
    return () => {
      stop.abort();
      hide();
    };
  }, []);
  return <div ref={ref} popover="manual" role="tooltip" className={styles.tip} />;
}
