/** Response over time, by uPlot; a chunk of its own. Dragging over it zooms. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { type Colours, readColours, useTheme } from "./colours";
import { drawChosen, drawFloor, drawGaps, drawNames, drawTexts, drawTints, drawUnit, type Name } from "./draw";
import { BOTTOM, type Frame, HEIGHT, TOP } from "./frame";
import styles from "./LatencyChart.module.css";
import { lastOf, type Lines, lonePoints, scaleOf } from "./lines";
import type { Tint } from "./bands";
import type { TimeTick } from "./timeTicks";

export type View = "percentiles" | "phases";

type Props = {
  lines: Lines;
  view: View;
  tints: readonly Tint[];
  gaps: readonly { from: number; to: number }[];
  from: number;
  to: number;
  frame: Frame;
  timeTicks: readonly TimeTick[];
  chosenAt: number | null;
  label: string;
  texts: Texts;
  onZoom: (from: number, to: number) => void;
};

type Texts = {
  noData: string;
  unit: (value: number) => string;
  number: (value: number) => string;
  p50: (value: number) => string;
  p95: (value: number) => string;
  phase: (phase: Lines["phases"][number]["phase"], ms: number) => string;
  readout: (index: number) => string;
};

export default function LatencyChart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  const theme = useTheme();
  const { lines, view, tints, from, to, frame, chosenAt } = props;
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!box.current) return;
    const colours = readColours(box.current);
    const made = new uPlot(optionsOf(latest, readout, colours), dataOf(lines, view), box.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [lines, view, tints, from, to, frame.width, theme]);
  useEffect(() => {
    plot.current?.redraw(false);
  }, [chosenAt]);
  return (
    <div className={styles.chart}>
      <div ref={box} role="img" aria-label={props.label} />
      <div ref={readout} className={styles.readout} hidden aria-hidden="true" />
    </div>
  );
}

function dataOf(lines: Lines, view: View): uPlot.AlignedData {
  const columns = view === "phases" ? lines.phases.map((one) => one.sum) : [lines.p50, lines.p95];
  return [lines.at, ...columns];
}

type Ref<T> = { current: T };

function optionsOf(latest: Ref<Props>, readout: Ref<HTMLDivElement | null>, colours: Colours): uPlot.Options {
  const { lines, view, frame, from, to } = latest.current;
  const ticks = scaleOf(view === "phases" ? lines.phases.map((one) => one.sum) : [lines.p50, lines.p95]);
  return {
    width: frame.width,
    height: HEIGHT,
    padding: [TOP, frame.width - frame.right, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { range: () => [from / 1000, to / 1000] }, y: { range: () => [0, ticks.at(-1) ?? 1] } },
    axes: axesOf(latest, ticks, colours),
    series: [{}, ...(view === "phases" ? phaseSeries(lines, colours) : percentileSeries(lines, colours))],
    bands: bandsOf(lines, view, colours),
    hooks: hooksOf(latest, readout, colours),
  };
}

/** From here on the figure and its unit have no room beside each other; the unit is then written above. */
const WIDE = 1000;

function axesOf({ current }: Ref<Props>, ticks: number[], colours: Colours): uPlot.Axis[] {
  const shared = { font: `11px ${colours.font}`, stroke: colours.quiet, ticks: { show: false }, gap: 8 };
  const top = ticks.at(-1);
  const { texts, timeTicks, frame } = current;
  return [
    {
      ...shared,
      size: BOTTOM,
      grid: { show: false },
      splits: () => timeTicks.map((tick) => tick.at / 1000),
      values: () => timeTicks.map((tick) => tick.text),
    },
    {
      ...shared,
      size: frame.left,
      grid: { stroke: colours.line, width: 1 },
      splits: () => ticks,
      values: () =>
        ticks.map((tick) => (tick === top && tick < WIDE && !frame.narrow ? texts.unit(tick) : texts.number(tick))),
    },
  ];
}

function percentileSeries(lines: Lines, colours: Colours): uPlot.Series[] {
  const dots = (column: readonly (number | null)[]) => ({ show: true, size: 4, filter: () => lonePoints(column) });
  return [
    { stroke: colours.accent, width: 1.5, points: { ...dots(lines.p50), fill: colours.accent } },
    { stroke: "transparent", width: 0, points: { show: false } },
  ];
}

function phaseSeries(lines: Lines, colours: Colours): uPlot.Series[] {
  return lines.phases.map(({ phase }, index) => ({
    stroke: colours.surface,
    width: 0.75,
    points: { show: false },
    ...(index === 0 && { fill: colours[phase] }),
  }));
}

function bandsOf(lines: Lines, view: View, colours: Colours): uPlot.Band[] {
  if (view === "percentiles") return [{ series: [2, 1], fill: colours.band }];
  return lines.phases.slice(1).map(({ phase }, index) => ({ series: [index + 2, index + 1], fill: colours[phase] }));
}

function namesOf({ lines, view, texts, frame }: Props, colours: Colours): Name[] {
  if (view === "percentiles") {
    const [p50, p95] = [lastOf(lines.p50), lastOf(lines.p95)];
    const names = [
      p95 !== null && { text: texts.p95(p95), value: p95, colour: colours.quiet, strong: false, swatch: false },
      p50 !== null && { text: texts.p50(p50), value: p50, colour: colours.accent, strong: true, swatch: false },
    ];
    return names.filter((name) => name !== false);
  }
  if (frame.narrow) return [];
  return lines.phases
    .map(({ phase, ms, sum }) => {
      const [own, all] = [lastOf(ms) ?? 0, lastOf(sum) ?? 0];
      return {
        text: texts.phase(phase, own),
        value: all - own / 2,
        colour: colours[phase],
        strong: false,
        swatch: true,
      };
    })
    .toReversed();
}

/** Draw in CSS pixels on uPlot's canvas. */
function inPixels(plot: uPlot, draw: (ctx: CanvasRenderingContext2D) => void): void {
  plot.ctx.save();
  plot.ctx.scale(uPlot.pxRatio, uPlot.pxRatio);
  draw(plot.ctx);
  plot.ctx.restore();
}

function hooksOf(latest: Ref<Props>, readout: Ref<HTMLDivElement | null>, colours: Colours): uPlot.Hooks.Arrays {
  return {
    drawClear: [(plot) => inPixels(plot, (ctx) => drawTints(ctx, latest.current.tints, latest.current.frame, colours))],
    draw: [
      (plot) =>
        inPixels(plot, (ctx) => {
          const { tints, gaps, frame, texts, chosenAt } = latest.current;
          drawFloor(ctx, frame, colours);
          if ((plot.scales.y?.max ?? 0) >= WIDE && !frame.narrow) drawUnit(ctx, frame, colours);
          drawGaps(ctx, gaps, { frame, colours, text: texts.noData });
          drawTexts(ctx, tints, frame, colours);
          const yOf = (value: number) => TOP + plot.valToPos(value, "y");
          drawNames(ctx, namesOf(latest.current, colours), { frame, colours, yOf });
          drawChosen(ctx, chosenAt, frame, colours);
        }),
    ],
    setSelect: [
      (plot) => {
        const { left, width } = plot.select;
        if (width < 4) return;
        latest.current.onZoom(plot.posToVal(left, "x") * 1000, plot.posToVal(left + width, "x") * 1000);
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      },
    ],
    setCursor: [(plot) => showReadout(plot, readout.current, latest.current)],
  };
}

function showReadout(plot: uPlot, box: HTMLDivElement | null, { frame, texts }: Props): void {
  if (!box) return;
  const { idx, left = -1 } = plot.cursor;
  const text = idx === null || idx === undefined || left < 0 ? "" : texts.readout(idx);
  box.hidden = text === "";
  if (!text) return;
  box.textContent = text;
  const x = frame.left + left;
  const after = x + 12 + box.offsetWidth <= frame.width;
  box.style.setProperty("left", `${after ? x + 12 : Math.max(0, x - 12 - box.offsetWidth)}px`);
}
