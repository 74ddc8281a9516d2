import { memo, useRef } from "react";
import { useWords } from "@/words";
import { classes } from "@/ui/classes";
import styles from "./GroupHead.module.css";
import type { Item } from "./rows";
import { type Place, usePlace } from "./usePlace";

type Props = { item: Extract<Item, { kind: "group" }>; place: Place; sticks: boolean };

/** The head of the group that is scrolled through stays under the table's head. */
export const GroupHead = memo(function GroupHead({ item, place, sticks }: Props) {
  const words = useWords();
  const ref = useRef<HTMLDivElement>(null);
  usePlace(ref, sticks ? null : place.top);
  return (
    <div
      ref={ref}
      role="row"
      aria-rowindex={place.index + 1}
      className={classes(styles.head, sticks ? styles.stuck : styles.placed)}
    >
      <span role="cell">
        <b>{words.overview.groups[item.group]}</b> <span className="t3">{words.number(item.count)}</span>
      </span>
    </div>
  );
}, sameHead);

function sameHead(before: Props, after: Props): boolean {
  return (
    before.item.key === after.item.key &&
    before.item.count === after.item.count &&
    before.sticks === after.sticks &&
    before.place.top === after.place.top
  );
}
