import { Bars } from "@/charts/Bars";
import { Sparkline } from "@/charts/Sparkline";
import { Link } from "@/routing";
import { useSignedIn } from "@/session";
import { Button } from "@/ui/Button";
import { Checkbox } from "@/ui/Choices";
import { classes } from "@/ui/classes";
import { Icon } from "@/ui/Icon";
import { Menu } from "@/ui/Menu";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { HowLong, SecondLine } from "./Lines";
import type { RowProps } from "./Row";
import styles from "./Row.module.css";
import { responseOf } from "./rows";
import { UptimeFigure } from "./UptimeFigure";

/** The cells of a row where there is room for all of them. */
export function DeskCells({ row, graph, slim, selected, onToggle, actions, near }: RowProps & { near: boolean }) {
  const words = useWords();
  const { overview } = words;
  const { mayEdit } = useSignedIn();
  const calm = row.status === "up";
  const response = responseOf(row);
  return (
    <>
      <span role="cell" className={classes(styles.onHover, selected && styles.choosing)} data-choose>
        {mayEdit && (
          <Checkbox
            aria-label={overview.select(row.name)}
            checked={selected}
            onChange={(event) => onToggle(row.id, (event.nativeEvent as MouseEvent).shiftKey)}
          />
        )}
      </span>
      <span role="cell">
        <StateIcon status={row.status} label={words.states[row.status]} />
      </span>
      <Name row={row} actions={actions} near={near} />
      <span role="cell" className={styles.two}>
        <span className={calm ? "t3" : `b ${row.status}`}>{words.states[row.status]}</span>
        <HowLong row={row} slim={slim} />
      </span>
      <span role="cell" className={styles.spark}>
        {graph && <Sparkline hours={graph.hours} />}
      </span>
      <span role="cell" className="n">
        {response === null ? "–" : words.number(response)}
      </span>
      <span role="cell" className={styles.bars}>
        {graph && <Bars days={graph.days} />}
      </span>
      <UptimeFigure uptime={row.uptime_24h} slo={row.slo} />
      <UptimeFigure uptime={row.uptime_30d} slo={row.slo} />
      <span role="cell" className={styles.onHover}>
        <Menu className={styles.more} label={overview.actionsFor(row.name)} tip items={() => actions.itemsFor(row)}>
          <Icon name="more" />
        </Menu>
      </span>
    </>
  );
}

const TAGS_SHOWN = 2;

function Name({ row, actions, near }: Pick<RowProps, "row" | "actions"> & { near: boolean }) {
  const { overview } = useWords();
  const { mayEdit } = useSignedIn();
  const others = row.tags.slice(TAGS_SHOWN);
  return (
    <span role="cell" className={classes(styles.two, styles.name)}>
      <span className={styles.names}>
        <Link className="b clip" href={`/monitors/${row.id}/`}>
          {row.name}
        </Link>
        {row.tags.slice(0, TAGS_SHOWN).map((tag) => (
          <span key={tag} className={styles.tag}>
            {tag}
          </span>
        ))}
        {others.length > 0 && (
          <span className={styles.tag} data-tip={overview.moreTags(others.join(", "))}>
            +{others.length}
          </span>
        )}
      </span>
      <SecondLine row={row} />
      {near && mayEdit && (
        <span className={classes(styles.actions, styles.onHover)}>
          <Button
            look="quiet"
            size="small"
            icon="check"
            label={overview.checkNow}
            onClick={() => actions.check([row])}
          />
          {row.enabled ? (
            <Button
              look="quiet"
              size="small"
              icon="pause"
              label={overview.pause}
              onClick={() => actions.pause([row])}
            />
          ) : (
            <Button
              look="quiet"
              size="small"
              icon="resume"
              label={overview.resume}
              onClick={() => actions.resume([row])}
            />
          )}
          <Button look="quiet" size="small" icon="edit" label={overview.edit} onClick={() => actions.edit(row)} />
        </span>
      )}
    </span>
  );
}
