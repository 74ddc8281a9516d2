/** A dialog over the page. Load the screen's part that opens one with `lazy`, so that it is not in the first load. */
import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { classes } from "./classes";
import styles from "./Dialog.module.css";

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  explain?: ReactNode;
  /** Buttons, the one that acts first. */
  foot?: ReactNode;
  wide?: boolean;
  /** Only a button closes it: what is typed in it must not be lost by a click beside it. */
  stays?: boolean;
  /** It comes from the bottom edge, where a thumb is. */
  sheet?: boolean;
};

export function Dialog({ open, onClose, title, explain, children, foot, wide, stays = false, sheet = false }: Props) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()} disablePointerDismissal={stays}>
      <Base.Portal>
        <Base.Backdrop className={styles.scrim} />
        <Base.Popup className={classes(styles.dialog, wide && styles.wide, sheet && styles.sheet)}>
          <Base.Title className={styles.title}>{title}</Base.Title>
          {explain && <Base.Description className="t2">{explain}</Base.Description>}
          {children}
          {foot && <div className={styles.foot}>{foot}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** For the palette: no title that is seen, no padding, at the top. */
export function TopDialog({ open, onClose, title, children }: Props) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.scrim} />
        <Base.Popup className={styles.top}>
          <Base.Title className="aloud">{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
