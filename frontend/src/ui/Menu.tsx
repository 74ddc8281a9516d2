/** A button that opens a menu. What opens is loaded when somebody is about to open it. */
import { type ReactNode, Suspense, useRef, useState } from "react";
import { lazyPart } from "@/routing/parts";
import { classes } from "./classes";
import type { IconName } from "./Icon";

const load = () => import("./MenuPopup");
const MenuPopup = lazyPart(load);

export type MenuItem =
  | { kind: "line"; key: string }
  | { kind: "heading"; key: string; text: string }
  | {
      kind?: undefined;
      key: string;
      text: string;
      onChoose: () => void;
      icon?: IconName;
      hint?: string;
      chosen?: boolean;
      danger?: boolean;
      disabled?: boolean;
    };

type Props = {
  label: string;
  /** Called when it opens, so that a long list makes its items only then. */
  items: () => readonly MenuItem[];
  children: ReactNode;
  className?: string | undefined;
  side?: "top" | "bottom";
  tip?: boolean;
};

export function Menu({ label, items, children, className, side = "bottom", tip = false }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={classes(className)}
        aria-label={tip ? label : undefined}
        data-tip={tip ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={open}
        onPointerEnter={() => void load()}
        onFocus={() => void load()}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open && (
        <Suspense>
          <MenuPopup anchor={button} items={items()} label={label} side={side} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
