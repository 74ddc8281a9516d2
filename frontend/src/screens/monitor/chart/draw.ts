/** What is drawn around uPlot's own lines: tints behind them, words and names over them. In CSS pixels. */
import type { Colours } from "./colours";
import { type Tint, placeTexts } from "./bands";
import { BOTTOM, type Frame, HEIGHT, TOP } from "./frame";
import { pushApart } from "./lines";

export type Name = { text: string; value: number; colour: string; strong: boolean; swatch: boolean };

const FLOOR = HEIGHT - BOTTOM;
const NAME_HEIGHT = 14;

type Canvas = CanvasRenderingContext2D;

export function drawTints(ctx: Canvas, tints: readonly Tint[], frame: Frame, colours: Colours): void {
  for (const tint of tints) {
    const [from, to] = [Math.max(frame.left, frame.xOf(tint.from)), Math.min(frame.right, frame.xOf(tint.to))];
    if (to < frame.left || from > frame.right) continue;
    const width = Math.max(1, to - from);
    const colour = areaOf(tint, colours);
    if (tint.kind === "maintenance") hatch(ctx, { x: from, y: TOP, width, height: FLOOR - TOP }, colour, 6, 0.45);
    else {
      ctx.globalAlpha = tint.kind === "down" ? 0.14 : 0.12;
      ctx.fillStyle = colour;
      ctx.fillRect(from, TOP, width, FLOOR - TOP);
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour;
    ctx.fillRect(from, TOP - 1, width, 2);
  }
}

function areaOf(tint: Tint, colours: Colours): string {
  return { down: colours.downArea, degraded: colours.degradedArea, maintenance: colours.maintenanceArea }[tint.kind];
}

type Box = { x: number; y: number; width: number; height: number };

export function hatch(ctx: Canvas, box: Box, colour: string, step: number, alpha: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.x, box.y, box.width, box.height);
  ctx.clip();
  ctx.globalAlpha = alpha;
  ctx.strokeStyle = colour;
  ctx.lineWidth = step / 4;
  ctx.beginPath();
  const first = Math.floor((box.x - box.height) / step) * step;
  for (let x = first; x < box.x + box.width; x += step * Math.SQRT2) {
    ctx.moveTo(x, box.y + box.height);
    ctx.lineTo(x + box.height, box.y);
  }
  ctx.stroke();
  ctx.restore();
}

export function drawTexts(ctx: Canvas, tints: readonly Tint[], frame: Frame, colours: Colours): void {
  ctx.font = `550 11px ${colours.font}`;
  ctx.textBaseline = "alphabetic";
  const widthOf = (text: string) => ctx.measureText(text).width;
  for (const { text, kind, x, end } of placeTexts(tints, frame.xOf, { ...frame, widthOf })) {
    ctx.fillStyle = colours[kind];
    ctx.textAlign = end ? "right" : "left";
    ctx.fillText(text, x, TOP - 6);
  }
}

/** Hatching on the floor where nothing was measured, and its words where they have room. */
export function drawGaps(
  ctx: Canvas,
  gaps: readonly { from: number; to: number }[],
  { frame, colours, text }: { frame: Frame; colours: Colours; text: string },
): void {
  ctx.font = `400 11px ${colours.font}`;
  for (const gap of gaps) {
    const [from, to] = [Math.max(frame.left, frame.xOf(gap.from)), Math.min(frame.right, frame.xOf(gap.to))];
    if (to - from < 1) continue;
    hatch(ctx, { x: from, y: FLOOR - 5, width: to - from, height: 5 }, colours.noData, 4, 1);
    const half = ctx.measureText(text).width / 2;
    const middle = (from + to) / 2;
    if (to - from < 12 || middle - half < frame.left || middle + half > frame.right) continue;
    ctx.fillStyle = colours.quiet;
    ctx.textAlign = "center";
    ctx.fillText(text, middle, FLOOR - 10);
  }
}

export function drawUnit(ctx: Canvas, frame: Frame, colours: Colours): void {
  ctx.font = `400 11px ${colours.font}`;
  ctx.fillStyle = colours.quiet;
  ctx.textAlign = "right";
  ctx.textBaseline = "alphabetic";
  ctx.fillText("ms", frame.left - 8, TOP - 8);
}

export function drawFloor(ctx: Canvas, frame: Frame, colours: Colours): void {
  ctx.fillStyle = colours.axis;
  ctx.fillRect(frame.left, FLOOR, frame.right - frame.left, 1);
}

/** The one check that is chosen. */
export function drawChosen(ctx: Canvas, at: number | null, frame: Frame, colours: Colours): void {
  if (at === null) return;
  const x = Math.round(frame.xOf(at));
  if (x < frame.left - 1 || x > frame.right + 1) return;
  ctx.fillStyle = colours.text;
  ctx.fillRect(x, TOP - 4, 1, FLOOR - TOP + 4);
}

/** Names beside the last point, pushed apart; with swatches they have a leader to their layer. */
export function drawNames(
  ctx: Canvas,
  names: readonly Name[],
  { frame, colours, yOf }: { frame: Frame; colours: Colours; yOf: (value: number) => number },
): void {
  // Beside the last point; in a narrow chart inside, the first above its line and the last below.
  const aside = (index: number) => (frame.narrow ? (index === 0 ? -10 : 12) : 0);
  const wanted = names.map((name, index) => yOf(name.value) + aside(index));
  const placed = pushApart(wanted, NAME_HEIGHT, TOP + 4, FLOOR - 4);
  names.forEach((name, index) => {
    const y = placed[index] ?? 0;
    ctx.font = `${name.strong ? 550 : 400} 11px ${colours.font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = frame.narrow ? "right" : "left";
    let x = frame.narrow ? frame.right - 6 : frame.right + 8;
    if (name.swatch) {
      ctx.fillStyle = name.colour;
      ctx.fillRect(frame.right + 12, y - 4, 7, 7);
      ctx.strokeStyle = colours.axis;
      ctx.lineWidth = 0.75;
      ctx.beginPath();
      ctx.moveTo(frame.right, wanted[index] ?? y);
      ctx.lineTo(frame.right + 10, y);
      ctx.stroke();
      x = frame.right + 23;
    }
    if (frame.narrow) {
      ctx.strokeStyle = colours.surface;
      ctx.lineWidth = 4;
      ctx.lineJoin = "round";
      ctx.strokeText(name.text, x, y);
    }
    ctx.fillStyle = name.swatch ? colours.quiet : name.colour;
    ctx.fillText(name.text, x, y);
  });
}
