/** Beside the charts: what it is, where it stands, what was promised, who is told. */
import { Link } from "@/routing";
import { At, tellDay, tellInterval, tellSpan, useNow } from "@/time";
import { Facts } from "@/ui/Facts";
import { StateIcon } from "@/ui/State";
import { useWords, type Words } from "@/words";
import { useDependencies, useStatusPages } from "../data/queries";
import { configText, expiries, type Monitor } from "../data/shapes";
import { Maintenance } from "./Maintenance";
import { Regions } from "./Regions";
import styles from "./Side.module.css";
import { Slos } from "./Slos";
import { Tells } from "./Tells";

export function Side({ monitor }: { monitor: Monitor }) {
  return (
    <aside className={styles.side}>
      <MonitorFacts monitor={monitor} />
      {monitor.regions_state.length > 1 && <Regions states={monitor.regions_state} />}
      <Slos monitor={monitor} />
      <Tells monitor={monitor} />
      <Maintenance monitor={monitor} />
    </aside>
  );
}

function MonitorFacts({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.facts;
  const now = useNow(60_000);
  const { tls, domain } = expiries(monitor);
  const heartbeat = monitor.kind === "heartbeat";
  return (
    <section>
      <h2>{said.title}</h2>
      <Facts
        rows={[
          heartbeat ? [said.schedule, <Expected key="expected" monitor={monitor} />] : null,
          heartbeat ? null : [said.checks, tellChecks(monitor, words)],
          heartbeat ? null : [said.from, <From key="from" monitor={monitor} />],
          heartbeat ? null : [said.confirmed, tellConfirmed(monitor, words)],
          tls ? [said.certificate, <Expiry key="tls" at={tls} now={now} />] : null,
          domain ? [said.domain, <Expiry key="domain" at={domain} now={now} />] : null,
          monitor.depends_on.length > 0 ? [said.dependsOn, <Dependencies key="on" ids={monitor.depends_on} />] : null,
          [said.shownOn, <ShownOn key="shown" monitor={monitor} />],
          [said.since, <At key="since" at={monitor.created_at} />],
        ]}
      />
    </section>
  );
}

function tellChecks(monitor: Monitor, words: Words): string {
  const what = monitor.kind === "http" ? configText(monitor, "method") || "GET" : monitor.kind.toUpperCase();
  return words.monitor.facts.every(what, tellInterval(monitor.interval_s, words.time));
}

function tellConfirmed(monitor: Monitor, words: Words): string {
  return words.monitor.facts.confirmedBy(monitor.fail_after, tellInterval(monitor.recheck_s, words.time));
}

function From({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const named = monitor.regions;
  const regions = named.length > 0 ? named : monitor.regions_state.map((one) => one.region);
  const shown = regions.length > 0 ? regions : [monitor.last_result?.region ?? "local"];
  return (
    <>
      {shown.map((region) => words.monitor.results.region(region)).join(", ")}
      {shown.length > 1 && (
        <div className="t3 s">{words.monitor.facts.agree(Math.floor(shown.length / 2) + 1, shown.length)}</div>
      )}
    </>
  );
}

function Expected({ monitor }: { monitor: Monitor }) {
  const words = useWords();
  const said = words.monitor.facts;
  const span = (field: string) => tellInterval(Number(configText(monitor, field)), words.time);
  const cron = configText(monitor, "cron");
  return (
    <>
      {cron ? (
        <span className="mono">{said.zone(cron, configText(monitor, "timezone") || words.time.utc)}</span>
      ) : (
        said.scheduleEvery(span("period_s"))
      )}
      <div className="t3 s">{said.grace(span("grace_s"))}</div>
      {configText(monitor, "max_run_s") && <div className="t3 s">{said.longestRun(span("max_run_s"))}</div>}
    </>
  );
}

const D = 86_400_000;

function Expiry({ at, now }: { at: string; now: number }) {
  const words = useWords();
  const said = words.monitor.facts;
  const left = Date.parse(at) - now;
  const state = left < 0 ? "down" : left < 14 * D ? "degraded" : null;
  const text = left < 0 ? said.ended(tellSpan(-left, words.time)) : said.goodFor(tellSpan(left, words.time));
  return (
    <>
      <span className={state ? `row-x ${state} b` : "row-x"}>
        {state && <StateIcon status={state} />}
        {text}
      </span>
      <span className="t3 s">{tellDay(new Date(at), words.locale)}</span>
    </>
  );
}

function Dependencies({ ids }: { ids: readonly number[] }) {
  const words = useWords();
  return useDependencies(ids).map((one) => (
    <Link key={one.id} className="row-x" href={`/monitors/${one.id}/`}>
      <StateIcon status={one.status} label={words.states[one.status]} />
      <span className="clip">{one.name}</span>
    </Link>
  ));
}

function ShownOn({ monitor }: { monitor: Monitor }) {
  const { facts } = useWords().monitor;
  const pages = useStatusPages(monitor).data?.results ?? [];
  const own = pages.filter((page) => page.components.some((one) => one.monitors.includes(monitor.id)));
  if (own.length === 0) return <span className="t3">{facts.nowhere}</span>;
  return own.map((page) => (
    <div key={page.id}>
      <a className="link" href={page.url}>
        {page.title}
      </a>
    </div>
  ));
}
