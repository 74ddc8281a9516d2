import { Fragment } from "react";
import { Link } from "@/routing";
import { tellInterval, useNow } from "@/time";
import { useWords } from "@/words";
import { useTelling } from "../data/queries";
import type { Monitor } from "../data/shapes";
import { toldSteps } from "../data/told";
import { tellMoment } from "../data/why";
import styles from "./Tells.module.css";

/** Who is told when it goes down, and when; and what was told last. */
export function Tells({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.tells;
  const { rules, channels, last } = useTelling(monitor);
  const now = useNow(60_000);
  if (!rules || !channels) return null;
  const steps = toldSteps(rules, monitor);
  const nameOf = (id: number) => channels.find((one) => one.id === id)?.name ?? `#${id}`;
  const when = (min: number) => (min === 0 ? said.atOnce : said.after(tellInterval(min * 60, words.time)));
  return (
    <section>
      <h2>{said.title}</h2>
      {steps.length === 0 ? (
        <p className="t2">
          {said.nobody}{" "}
          <Link className="link" href="/alerts/">
            {said.add}
          </Link>
        </p>
      ) : (
        <p className="t2">
          {steps.map(({ afterMin, channels: ids }, index) => (
            <Fragment key={afterMin}>
              {index > 0 && "; "}
              {ids.map((id, place) => (
                <Fragment key={id}>
                  {place > 0 && (place === ids.length - 1 ? said.and : ", ")}
                  <b className={styles.name}>{nameOf(id)}</b>
                </Fragment>
              ))}{" "}
              {when(afterMin)}
            </Fragment>
          ))}
          .
        </p>
      )}
      <p className={`t3 s ${styles.last}`}>
        {last ? said.last(tellMoment(last.planned_at, now, words), said.outcomes[last.status]) : said.never}
        {last && (
          <>
            .{" "}
            <Link className="link" href="/alerts/">
              {said.ledger}
            </Link>
          </>
        )}
      </p>
    </section>
  );
}
