/** The market's regimes as bands behind the candles, each with its name where there is room. */

import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import { regimeColor, type Palette } from "./palette";

export type Band = { from: number; to: number; regime: string };

const FONT = '10px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const STRIP = 4;

export class RegimeBands implements ISeriesPrimitive<Time> {
  readonly #bands: readonly Band[];
  readonly #views: IPrimitivePaneView[];
  #palette: Palette;
  #attached: SeriesAttachedParameter<Time> | null = null;

  constructor(bands: readonly Band[], palette: Palette) {
    this.#bands = bands;
    this.#palette = palette;
    const renderer: IPrimitivePaneRenderer = {
      draw: () => undefined,
      drawBackground: (target) =>
        target.useMediaCoordinateSpace(({ context, mediaSize }) => this.#draw(context, mediaSize)),
    };
    this.#views = [{ zOrder: () => "bottom", renderer: () => renderer }];
  }

  attached(parameters: SeriesAttachedParameter<Time>): void {
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

  #draw(context: CanvasRenderingContext2D, { width, height }: { width: number; height: number }): void {
    const scale = this.#attached?.chart.timeScale();
    if (scale === undefined) return;
    const half = scale.options().barSpacing / 2;
    const x = (place: number): number => (scale.logicalToCoordinate(place as Logical) ?? 0) - half;
    context.save();
    context.font = FONT;
    context.textBaseline = "top";
    for (const band of this.#bands) {
      const left = Math.max(0, x(band.from));
      const right = Math.min(width, x(band.to));
      if (right <= 0 || left >= width || right <= left) continue;
      context.fillStyle = regimeColor(this.#palette, band.regime);
      context.globalAlpha = 0.07;
      context.fillRect(left, 0, right - left, height);
      context.globalAlpha = 0.8;
      context.fillRect(left, 0, right - left, STRIP);
      context.globalAlpha = 1;
      const name = band.regime.toLowerCase();
      if (context.measureText(name).width + 8 < right - left) context.fillText(name, left + 4, STRIP + 3);
    }
    context.restore();
  }
}
