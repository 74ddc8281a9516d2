/** The open menu, a chunk of its own: see Menu.tsx. */
import { Menu as Base } from "@base-ui/react/menu";
import type { RefObject } from "react";
import { classes } from "./classes";
import { Icon } from "./Icon";
import type { MenuItem } from "./Menu";
import styles from "./Menu.module.css";

type Props = {
  anchor: RefObject<HTMLElement | null>;
  items: readonly MenuItem[];
  label: string;
  side: "top" | "bottom";
  onClose: () => void;
};

export default function MenuPopup({ anchor, items, label, side, onClose }: Props) {
  return (
    <Base.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Positioner
          anchor={anchor}
          side={side}
          align={side === "top" ? "start" : "end"}
          sideOffset={4}
          className={styles.place}
        >
          <Base.Popup className={styles.menu} aria-label={label} finalFocus={anchor}>
            {items.map((item) => (
              <Item key={item.key} item={item} />
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  if (item.kind === "line") return <hr className={styles.line} />;
  if (item.kind === "heading") return <div className={styles.heading}>{item.text}</div>;
  return (
    <Base.Item
      className={classes(styles.item, item.danger && styles.danger)}
      disabled={item.disabled ?? false}
      onClick={item.onChoose}
    >
      {item.icon && <Icon name={item.icon} />}
      <span className="grow">{item.text}</span>
      {item.chosen && <Icon name="tick" />}
      {item.hint && <kbd className={styles.hint}>{item.hint}</kbd>}
    </Base.Item>
  );
}
