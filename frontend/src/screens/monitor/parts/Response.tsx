/** Response over time: the head with its choices, the chart, the strip of checks, and the figures as a table. */
import { Suspense, useCallback, useMemo } from "react";
import { lazyPart } from "@/routing/parts";
import { problemFrom } from "@/api/client";
import { replaceQuery, useRoute } from "@/routing";
import { remember } from "@/session/memory";
import { serverNow, tellDayAndTime, useNow } from "@/time";
import { Button } from "@/ui/Button";
import { Segmented } from "@/ui/Choices";
import { Failed } from "@/ui/Notices";
import { useWords, type Words } from "@/words";
import { tintsOf } from "../chart/bands";
import { frameOf } from "../chart/frame";
import type { View } from "../chart/LatencyChart";
import { gapsOf, type Lines, linesOf } from "../chart/lines";
import { Strip } from "../chart/Strip";
import { cellsOf } from "../chart/cells";
import { timeTicks } from "../chart/timeTicks";
import { useWidth } from "../chart/useWidth";
import type { Stats } from "../data/shapes";
import { type Stretch, WINDOWS, withStretch, zoomTo } from "../data/windows";
import { tellUptime } from "../data/uptime";
import { AsTable } from "./AsTable";
import styles from "./Response.module.css";

const LatencyChart = lazyPart(() => import("../chart/LatencyChart"));

type Query = { data: Stats | undefined; error: unknown; isPlaceholderData: boolean; refetch: () => unknown };

type Props = {
  stats: Query;
  stretch: Stretch;
  view: View;
  onView: (view: View) => void;
  chosenAt: number | null;
  onUntil: (until: number) => void;
};

export function Response({ stats, stretch, view, onView, chosenAt, onUntil }: Props) {
  const words = useWords();
  const said = words.monitor.chart;
  const { data, error } = stats;
  const hasPhases =
    data?.series.points.some((point) => Object.values(point.phases_ms).some((ms) => ms !== null)) ?? false;
  return (
    <section className={styles.section}>
      <div className={styles.head}>
        <h2>{said.title}</h2>
        {hasPhases && (
          <Segmented
            label={said.shown}
            choices={[
              { value: "percentiles", label: said.percentiles },
              { value: "phases", label: said.phases },
            ]}
            value={view}
            onChoose={(next) => {
              remember("monitor:view", next);
              onView(next);
            }}
          />
        )}
        <span className="grow" />
        <Windows stretch={stretch} />
      </div>
      {data ? (
        <Chart data={data} view={hasPhases ? view : "percentiles"} chosenAt={chosenAt} onUntil={onUntil} />
      ) : error ? (
        <Failed what={said.what} problem={problemFrom(error)} onTryAgain={() => void stats.refetch()} />
      ) : (
        <div className={styles.waiting} aria-busy="true">
          {words.common.loading}
        </div>
      )}
    </section>
  );
}

function Windows({ stretch }: { stretch: Stretch }) {
  const { chart } = useWords().monitor;
  const { query } = useRoute();
  const zoomed = !("window" in stretch);
  return (
    <span className={styles.windows}>
      {zoomed && (
        <Button look="quiet" size="small" icon="close" onClick={() => replaceQuery(withoutZoom(query))}>
          {chart.resetZoom}
        </Button>
      )}
      <Segmented
        label={chart.window}
        choices={WINDOWS.map((value) => ({ value, label: chart.windows[value] }))}
        value={zoomed ? "" : stretch.window}
        onChoose={(value) => {
          const window = WINDOWS.find((one) => one === value);
          if (window) replaceQuery(withStretch(query, { window }));
        }}
      />
    </span>
  );
}

/** Back to the window that was shown before. */
export function withoutZoom(query: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(query);
  next.delete("from");
  next.delete("to");
  return next;
}

/** A label of the time axis is centred under its tick, and cut where it would leave the box. */
const HALF_LABEL = 18;

type ChartProps = { data: Stats; view: View } & Pick<Props, "chosenAt" | "onUntil">;

function Chart({ data, view, chosenAt, onUntil }: ChartProps) {
  const words = useWords();
  const { query } = useRoute();
  const [box, width] = useWidth<HTMLDivElement>();
  const now = useNow(60_000);
  const drawn = useMemo(() => prepare(data, now, words), [data, now, words]);
  const { lines, tints, gaps, from, to, cells } = drawn;
  const frame = useMemo(() => frameOf(width, from, to), [width, from, to]);
  const ticks = useMemo(
    () =>
      timeTicks(from, to, Math.max(2, Math.floor((frame.right - frame.left) / 90)), words.locale).filter(
        (tick) => frame.xOf(tick.at) + HALF_LABEL <= frame.width,
      ),
    [from, to, frame, words.locale],
  );
  const texts = useMemo(() => textsOf(data, lines, words), [data, lines, words]);
  const onZoom = useCallback(
    (a: number, b: number) => {
      const next = withStretch(query, zoomTo(a, b, serverNow()));
      const window = query.get("window");
      if (window) next.set("window", window);
      replaceQuery(next);
    },
    [query],
  );
  const nothing = lines.p50.every((value) => value === null);
  return (
    <div ref={box} className={styles.figure}>
      {width > 0 && (
        <>
          <Suspense
            fallback={
              <div className={styles.waiting} aria-busy="true">
                {words.common.loading}
              </div>
            }
          >
            <LatencyChart
              {...{ lines, view, tints, gaps, from, to, frame, chosenAt, texts, onZoom }}
              timeTicks={ticks}
              label={summary(data, tints, words)}
            />
          </Suspense>
          <Strip cells={cells} frame={frame} chosenAt={chosenAt} label={drawn.stripLabel} onChoose={onUntil} />
          {view === "phases" && frame.narrow && <PhaseNames lines={lines} />}
          {nothing && <p className={`t3 s ${styles.nothing}`}>{words.monitor.chart.nothing}</p>}
        </>
      )}
      <Figures data={data} />
    </div>
  );
}

function prepare(data: Stats, now: number, words: Words) {
  const { points, step_s } = data.series;
  const [from, to] = [Date.parse(data.from), Date.parse(data.to)];
  const stepMs = step_s * 1000;
  const tints = tintsOf(data.bands, points, { stepMs, now: Math.max(now, to), words });
  const said = words.monitor.chart;
  return {
    lines: linesOf(points),
    gaps: gapsOf(points, stepMs),
    cells: cellsOf(points, stepMs, from, to),
    stripLabel: said.checksOf(tellStretch(data, words)),
    tints,
    from,
    to,
  };
}

function tellStretch(data: Stats, words: Words): string {
  const known = WINDOWS.find((one) => one === data.window);
  if (known) return words.monitor.chart.windows[known];
  const told = (at: string) => tellDayAndTime(new Date(at), words.locale, new Date(serverNow()));
  return words.monitor.chart.interval(told(data.from), told(data.to));
}

function summary(data: Stats, tints: readonly { text: string }[], words: Words): string {
  const said = words.monitor.chart;
  const ms = (value: number | null) => (value === null ? "–" : words.overview.ms(value));
  const { p50, p95 } = data.latency_ms;
  const first = said.summary(tellStretch(data, words), ms(p50), ms(p95), tellUptime(data.uptime, words.locale));
  const bands = tints.map((tint) => tint.text).join(", ");
  return bands ? `${first} ${said.bands(bands)}` : first;
}

function textsOf(data: Stats, lines: Lines, words: Words) {
  const said = words.monitor.chart;
  const { ms } = words.overview;
  const told = (value: number | null | undefined) => (value === null || value === undefined ? "–" : ms(value));
  return {
    noData: said.noData,
    unit: ms,
    number: words.number,
    p50: (value: number) => said.p50(ms(value)),
    p95: (value: number) => said.p95(ms(value)),
    phase: (phase: Lines["phases"][number]["phase"], value: number) => `${words.phases[phase]} ${words.number(value)}`,
    readout: (index: number) => {
      const at = tellDayAndTime(new Date((lines.at[index] ?? 0) * 1000), words.locale, new Date(data.to));
      const [p50, p95, p99] = [lines.p50[index], lines.p95[index], lines.p99[index]];
      if (p50 === null || p50 === undefined) return `${at}  ${said.noData}`;
      return `${at}   ${said.p50(told(p50))}   ${said.p95(told(p95))}   ${said.p99(told(p99))}`;
    },
  };
}

/** A narrow chart has no room beside it for the names of its layers. */
function PhaseNames({ lines }: { lines: Lines }) {
  const words = useWords();
  return (
    <ul className={styles.names}>
      {lines.phases.map(({ phase }) => (
        <li key={phase}>
          <i className={styles[phase]} />
          {words.phases[phase]}
        </li>
      ))}
    </ul>
  );
}

function Figures({ data }: { data: Stats }) {
  const words = useWords();
  const said = words.monitor.chart;
  const ms = (value: number | null) => (value === null ? "–" : words.number(value));
  const rows = () =>
    data.series.points
      .toReversed()
      .map((point) => [
        tellDayAndTime(new Date(point.at), words.locale, new Date(serverNow())),
        ms(point.p50_ms),
        ms(point.p95_ms),
        ms(point.p99_ms),
        tellUptime(point.uptime, words.locale),
        words.number(point.count),
        words.number(point.failures),
      ]);
  const head = [said.from, "p50 ms", "p95 ms", "p99 ms", words.monitor.days.uptime, said.checksColumn, said.failures];
  return <AsTable label={said.title} head={head} rows={rows} />;
}
