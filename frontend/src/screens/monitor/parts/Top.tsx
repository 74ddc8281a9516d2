/** The state as words, why it is so, what is watched, and how available it was. */
import { Link } from "@/routing";
import { useNow } from "@/time";
import { Button, ButtonLink } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { ProblemNote } from "@/ui/Notices";
import { StateIcon } from "@/ui/State";
import { useWords } from "@/words";
import { useSlos } from "../data/queries";
import type { Monitor, Stats } from "../data/shapes";
import { tellTarget as tellPromise, tellUptime } from "../data/uptime";
import { headline, tellTarget, whyItIsSo } from "../data/why";
import { useOwnMaintenance } from "./Maintenance";
import styles from "./Top.module.css";
import type { MonitorActions } from "./useMonitorActions";

type Props = {
  monitor: Monitor;
  unacknowledged: boolean;
  usual: Stats | undefined;
  actions: MonitorActions;
};

export function Top({ monitor, unacknowledged, usual, actions }: Props) {
  const words = useWords();
  const now = useNow(1000);
  const { incident, status_since: since } = monitor;
  const running = useOwnMaintenance(monitor).find((one) => one.running);
  const why = whyItIsSo(monitor, { since, usual, now, maintenance: running?.title ?? null }, words);
  const target = tellTarget(monitor);
  return (
    <>
      <div className={styles.headline}>
        <StateIcon status={monitor.status} size={22} />
        <h2>{headline(monitor, since, now, words)}</h2>
      </div>
      <p className={styles.lead}>
        <b>{why.fact}</b>
        {why.rest}{" "}
        {incident && (
          <Link className={classes("link", styles.wide)} href={`/incidents/${incident.id}/`}>
            {words.monitor.incident(incident.id)}
          </Link>
        )}
      </p>
      {incident && (
        <div className={styles.buttons}>
          {unacknowledged && (
            <Button
              look="primary"
              icon="tick"
              busy={actions.busy === "acknowledge" && words.monitor.act.acknowledging}
              onClick={() => actions.run("acknowledge")}
            >
              {words.monitor.act.acknowledge}
            </Button>
          )}
          <ButtonLink href={`/incidents/${incident.id}/`}>{words.monitor.incident(incident.id)}</ButtonLink>
        </div>
      )}
      <ProblemNote problem={actions.failed?.problem ?? null} />
      {(target || monitor.tags.length > 0) && (
        <p className={classes("t3", styles.target)}>
          {target && <span className="mono">{target}</span>}
          {monitor.tags.map((tag) => (
            <span key={tag} className={styles.tag}>
              {tag}
            </span>
          ))}
        </p>
      )}
      <Figures monitor={monitor} />
    </>
  );
}

function Figures({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.figures;
  const targets = useSlos(monitor).map((slo) => slo.target);
  const promise = targets.length > 0 ? Math.max(...targets) : null;
  const { uptime } = monitor;
  const figures = [
    { key: "day", text: said.day, ratio: uptime["24h"] },
    { key: "week", text: said.week, ratio: uptime["7d"] },
    { key: "month", text: said.month, ratio: uptime["30d"] },
    { key: "quarter", text: said.quarter, ratio: uptime["90d"] },
  ];
  return (
    <dl className={styles.figures}>
      {figures.map(({ key, text, ratio }) => {
        const below = promise !== null && ratio !== null && ratio < promise;
        return (
          <div key={key} data-tip={below ? said.below(tellPromise(promise, words.locale)) : undefined}>
            <dt>{text}</dt>
            <dd className={below ? "down" : undefined}>{tellUptime(ratio, words.locale)}</dd>
          </div>
        );
      })}
      {promise !== null && (
        <div>
          <dt>{said.slo}</dt>
          <dd>{tellPromise(promise, words.locale)}</dd>
        </div>
      )}
    </dl>
  );
}
