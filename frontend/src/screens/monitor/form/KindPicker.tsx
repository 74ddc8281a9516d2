import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { useWords } from "@/words";
import { tellServer } from "./Control";
import type { KindForm } from "./fields";
import styles from "./KindPicker.module.css";

type Props = { kinds: readonly KindForm[]; kind: KindForm; onChoose: (kind: string) => void; fixed: boolean };

/** What is watched, with a sentence each. A monitor that is stored keeps its kind. */
export function KindPicker({ kinds, kind, onChoose, fixed }: Props) {
  const words = useWords();
  const id = useId();
  const [open, setOpen] = useState(false);
  const around = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    around.current?.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !around.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      close();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) step(around.current, event.key === "ArrowDown" ? 1 : -1);
      else setOpen(true);
    }
  };
  const told = <Told kind={kind} whole={fixed} />;
  if (fixed) return <div className={styles.fixed}>{told}</div>;
  return (
    <div ref={around} className={styles.around} onKeyDown={press}>
      <button
        ref={button}
        type="button"
        className={styles.button}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <span className="aloud">{words.monitorForm.kind}: </span>
        {told}
        <Icon name="down" />
      </button>
      {open && (
        <div id={id} className={styles.list} role="group" aria-label={words.monitorForm.kind}>
          {kinds.map((one) => (
            <button
              key={one.kind}
              type="button"
              className={classes(styles.choice)}
              aria-pressed={one.kind === kind.kind}
              onClick={() => {
                onChoose(one.kind);
                close();
              }}
            >
              <span className="b">{tellServer(one.label, words)}</span>
              <span className="t2">{tellServer(one.help, words)}</span>
              {one.kind === kind.kind && <Icon name="tick" />}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Told({ kind, whole }: { kind: KindForm; whole: boolean }) {
  const words = useWords();
  return (
    <>
      <span className="b">{tellServer(kind.label, words)}</span>
      <span className={classes("t3 grow", !whole && "clip")}>{tellServer(kind.help, words)}</span>
    </>
  );
}

/** The next choice gets the focus, round at the ends. */
function step(around: HTMLElement | null, by: 1 | -1): void {
  const all = [...(around?.querySelectorAll<HTMLElement>("[aria-pressed]") ?? [])];
  const at = all.indexOf(document.activeElement as HTMLElement);
  all.at((at + by) % all.length)?.focus();
}
