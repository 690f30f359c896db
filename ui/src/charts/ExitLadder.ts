/**
 * One series primitive that draws how a position was to be left and how it was: each rung from entry to exit, the stop
 * path as steps, each fill as a mark as large as its size. The library's own price lines run over the whole width and
 * do not enter the price scale; these are bounded and do.
 *
 * A rung that was hit is solid until its fill, then faint; one that was not is dashed; a cancelled or reduced one dotted.
 */

import type {
  AutoscaleInfo,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  PrimitivePaneViewZOrder,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import { reachOf, type Ladder, type LadderFill, type LadderRung } from "../model/ladder";
import type { Palette } from "./palette";

type Attached = SeriesAttachedParameter<Time>;
type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];
type Drawing = {
  context: CanvasRenderingContext2D;
  width: number;
  x: (at: number) => number;
  y: (price: number) => number;
};

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const LABEL_HEIGHT = 15;
const SHORTEST = 18;
const DASHES: Record<LadderRung["status"], number[]> = { hit: [], unhit: [6, 4], cancelled: [2, 4], reduced: [2, 3] };

export class ExitLadder implements ISeriesPrimitive<Time> {
  readonly #ladder: Ladder;
  readonly #reach: { low: number; high: number };
  readonly #views: IPrimitivePaneView[];
  #palette: Palette;
  #attached: Attached | null = null;

  constructor(ladder: Ladder, palette: Palette) {
    this.#ladder = ladder;
    this.#reach = reachOf(ladder);
    this.#palette = palette;
    this.#views = [
      this.#view("bottom", (drawing) => this.#zones(drawing)),
      this.#view("top", (drawing) => {
        this.#rungs(drawing);
        this.#stopPath(drawing);
        for (const fill of this.#ladder.fills) this.#fill(drawing, fill);
        this.#fillLabels(drawing, this.#labels(drawing));
      }),
    ];
  }

  attached(parameters: Attached): void {
    this.#attached = parameters;
  }

  detached(): void {
    this.#attached = null;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  recolor(palette: Palette): void {
    this.#palette = palette;
    this.#attached?.requestUpdate();
  }

  autoscaleInfo(start: Logical, end: Logical): AutoscaleInfo | null {
    if (end < this.#ladder.from || start > this.#ladder.to) return null;
    return { priceRange: { minValue: this.#reach.low, maxValue: this.#reach.high }, margins: { above: 14, below: 14 } };
  }

  #view(layer: PrimitivePaneViewZOrder, draw: (drawing: Drawing) => void): IPrimitivePaneView {
    const renderer: IPrimitivePaneRenderer = { draw: (target) => this.#draw(target, draw) };
    return { zOrder: () => layer, renderer: () => renderer };
  }

  #draw(target: Target, draw: (drawing: Drawing) => void): void {
    const attached = this.#attached;
    if (attached === null) return;
    const scale = attached.chart.timeScale();
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.save();
      context.font = FONT;
      context.textBaseline = "middle";
      draw({
        context,
        width: mediaSize.width,
        x: (at) => scale.logicalToCoordinate(at as Logical) ?? 0,
        y: (price) => attached.series.priceToCoordinate(price) ?? 0,
      });
      context.restore();
    });
  }

  /** What was at risk and what could be won, as two faint fields. */
  #zones({ context, x, y }: Drawing): void {
    const { from, to, entryPrice, steps, rungs, long } = this.#ladder;
    const best = rungs.map((rung) => rung.price).reduce((a, b) => (long ? Math.max(a, b) : Math.min(a, b)), entryPrice);
    const left = x(from);
    const width = Math.max(SHORTEST, x(to) - left);
    context.globalAlpha = 0.07;
    context.fillStyle = this.#palette.profit;
    context.fillRect(left, Math.min(y(entryPrice), y(best)), width, Math.abs(y(entryPrice) - y(best)));
    context.fillStyle = this.#palette.loss;
    const initial = steps[0];
    if (initial) {
      const [top, bottom] = [y(entryPrice), y(initial.price)];
      context.fillRect(left, Math.min(top, bottom), width, Math.abs(bottom - top));
    }
    context.globalAlpha = 1;
  }

  #rungs(drawing: Drawing): void {
    const { context, x, y } = drawing;
    const end = Math.max(x(this.#ladder.from) + SHORTEST, x(this.#ladder.to));
    for (const rung of this.#ladder.rungs) {
      const level = Math.round(y(rung.price)) + 0.5;
      const until = rung.status === "hit" && !rung.trail ? Math.max(x(rung.from) + SHORTEST, x(rung.to)) : end;
      context.strokeStyle = this.#rungColor(rung);
      context.lineWidth = rung.status === "hit" && !rung.trail ? 1.75 : 1;
      context.setLineDash(rung.trail ? [1, 4] : DASHES[rung.status]);
      line(context, x(rung.from), level, until, level);
      if (until >= end) continue;
      context.globalAlpha = 0.35;
      context.lineWidth = 1;
      line(context, until, level, end, level);
      context.globalAlpha = 1;
    }
    context.setLineDash([3, 3]);
    context.lineWidth = 1;
    context.strokeStyle = this.#palette.entry;
    const level = Math.round(y(this.#ladder.entryPrice)) + 0.5;
    line(context, x(this.#ladder.from), level, end, level);
    context.setLineDash([]);
  }

  #rungColor(rung: LadderRung): string {
    return rung.status === "hit" || rung.status === "unhit" ? this.#palette.profit : this.#palette.muted;
  }

  #stopPath({ context, x, y }: Drawing): void {
    const { steps, from, to } = this.#ladder;
    const first = steps[0];
    if (!first) return;
    context.strokeStyle = this.#palette.loss;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    context.moveTo(x(Math.max(from, first.at)), y(first.price));
    steps.slice(1).forEach((step, index) => {
      context.lineTo(x(step.at), y(steps[index]?.price ?? step.price));
      context.lineTo(x(step.at), y(step.price));
    });
    context.lineTo(Math.max(x(from) + SHORTEST, x(to)), y(steps.at(-1)?.price ?? first.price));
    context.stroke();
  }

  /** One column of labels behind the exit, moved apart where levels are close. */
  #labels(drawing: Drawing): Box[] {
    const { context, x, y, width } = drawing;
    const last = this.#ladder.steps.at(-1);
    const labels = this.#ladder.rungs.map((rung) => ({
      text: rung.label,
      at: y(rung.price),
      color: this.#rungColor(rung),
    }));
    if (last) labels.push({ text: STOP_WORDS[last.kind] ?? "stop", at: y(last.price), color: this.#palette.loss });
    labels.sort((a, b) => a.at - b.at);
    const widest = Math.max(0, ...labels.map((label) => context.measureText(label.text).width)) + 8;
    const left = Math.min(Math.max(x(this.#ladder.from) + SHORTEST, x(this.#ladder.to)) + 12, width - widest);
    let free = -Infinity;
    return labels.map((label) => {
      const middle = Math.max(label.at, free);
      free = middle + LABEL_HEIGHT;
      return this.#tag(context, label.text, left, middle, label.color);
    });
  }

  #tag(context: CanvasRenderingContext2D, text: string, left: number, middle: number, color: string): Box {
    const width = context.measureText(text).width + 6;
    context.fillStyle = this.#palette.card;
    context.globalAlpha = 0.85;
    context.fillRect(left, middle - 7, width, 14);
    context.globalAlpha = 1;
    context.fillStyle = color;
    context.textAlign = "left";
    context.fillText(text, left + 3, middle + 0.5);
    return { left, right: left + width, middle };
  }

  /** A triangle opens (its tip in the direction of the order), a circle closes; the area is the size. */
  #fill({ context, x, y }: Drawing, fill: LadderFill): void {
    const [cx, cy] = [x(fill.at), y(fill.price)];
    const radius = radiusOf(fill);
    const palette = this.#palette;
    context.fillStyle =
      fill.outcome === "entry" ? palette.entry : fill.outcome === "gain" ? palette.profit : palette.loss;
    context.strokeStyle = palette.card;
    context.lineWidth = 1.5;
    context.beginPath();
    if (fill.outcome === "entry") triangle(context, cx, cy, radius, fill.buy ? -1 : 1);
    else context.arc(cx, cy, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  /** Sizes beside their marks, on the side away from the path where there is room; a label without room is left out. */
  #fillLabels({ context, width: whole, x, y }: Drawing, taken: Box[]): void {
    for (const fill of this.#ladder.fills) {
      const width = context.measureText(fill.label).width + 6;
      const left = Math.max(0, Math.min(x(fill.at) - width / 2, whole - width));
      const away = (fill.buy === this.#ladder.long ? 1 : -1) * (radiusOf(fill) + 9);
      const middle = [y(fill.price) + away, y(fill.price) - away].find(
        (at) => !taken.some((box) => overlaps(box, left, width, at)),
      );
      if (middle !== undefined) taken.push(this.#tag(context, fill.label, left, middle, this.#palette.ink));
    }
  }
}

type Box = { left: number; right: number; middle: number };

const radiusOf = (fill: LadderFill): number => 3.5 + 5 * Math.sqrt(fill.size);

const overlaps = (box: Box, left: number, width: number, middle: number): boolean =>
  left < box.right && left + width > box.left && Math.abs(middle - box.middle) < LABEL_HEIGHT;

const STOP_WORDS: Record<string, string> = {
  stop_loss: "stop",
  breakeven_stop: "break-even stop",
  trailing_stop: "trailing stop",
  profit_lock: "profit lock",
};

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number, radius: number, tip: -1 | 1): void {
  context.moveTo(x, y + tip * radius * 1.15);
  context.lineTo(x + radius, y - tip * radius * 0.85);
  context.lineTo(x - radius, y - tip * radius * 0.85);
  context.closePath();
}
