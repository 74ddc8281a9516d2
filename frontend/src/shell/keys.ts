/** Keys that act while nobody types. `"g i"` is one key after the other. */
import { useEffect } from "react";

export type Keys = Record<string, () => void>;

const PAIR_MS = 1200;

/** Does the key belong to what has the focus: a field, an open menu or dialog? */
export function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("[role=dialog], [role=menu], [role=listbox]")) return true;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && target.type !== "checkbox";
}

/** Chrome sends a "keydown" without a key when it fills in a field by itself. */
const isKey = (event: Event): boolean => event instanceof KeyboardEvent;

let first = { key: "", at: 0 };

/** The action of a key press, by name: "?", "j", "g i", "ctrl+k". */
export function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `ctrl+${key}` : key;
}

export function useKeys(keys: Keys, active = true): void {
  useEffect(() => {
    if (!active) return;
    const press = (event: KeyboardEvent) => {
      if (!isKey(event) || event.altKey || event.defaultPrevented) return;
      const name = nameOf(event);
      if (!name.startsWith("ctrl+") && isTaken(event.target)) return;
      if (
        (name === "Enter" || name === " ") &&
        event.target instanceof Element &&
        event.target.closest("a, button, input")
      )
        return;
      const before = event.timeStamp - first.at < PAIR_MS ? first.key : "";
      const action = keys[`${before} ${name}`] ?? (before === "g" ? undefined : keys[name]);
      if (!action) return;
      event.preventDefault();
      first = { key: "", at: 0 };
      action();
    };
    const remember = (event: KeyboardEvent) => {
      if (isKey(event) && !isTaken(event.target) && !event.defaultPrevented)
        first = { key: nameOf(event), at: event.timeStamp };
    };
    document.addEventListener("keydown", press);
    window.addEventListener("keydown", remember);
    return () => {
      document.removeEventListener("keydown", press);
      window.removeEventListener("keydown", remember);
    };
  }, [keys, active]);
}
