import { CandlestickSeries, createChart, type IChartApi, type ISeriesApi, type Logical, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import { decimals, type Zone } from "../model/format";
import type { Ladder } from "../model/ladder";
import { placeAt, stepOf, timeAt, type Candle, type CandleWindow } from "../model/window";
import type { Span } from "../model/windowing";
import { candleColors } from "./CandleChart";
import { ExitLadder } from "./ExitLadder";
import { chartOptions } from "./options";
import type { Palette } from "./palette";
import { RegimeBands, type Band } from "./RegimeBands";

const PAUSE = 180;

export type ChartHandle = { zoom: (factor: number) => void; pan: (share: number) => void; fit: () => void };
type Drawn = {
  chart: IChartApi;
  series: ISeriesApi<"Candlestick">;
  ladder: ExitLadder | null;
  bands: RegimeBands | null;
  candles: readonly Candle[];
};
type Props = {
  cut: CandleWindow;
  ladder: Ladder;
  bands: readonly Band[];
  /** What is in view at first, in seconds since 1970. */
  first: Span;
  palette: Palette;
  zone: Zone;
  label: string;
  onView: (view: Span) => void;
  ref?: Ref<ChartHandle>;
};

/** A chart over candles that come in windows: one tells what is in view, and puts new candles under the same view. */
export function WindowedChart({ cut, ladder, bands, first, palette, zone, label, onView, ref }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const told = useRef(onView);
  told.current = onView;

  useEffect(() => {
    if (place.current === null) return;
    const made = makeChart(place.current);
    drawn.current = made;
    let timer: ReturnType<typeof setTimeout> | undefined;
    made.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      clearTimeout(timer);
      if (range === null || made.candles.length === 0) return;
      timer = setTimeout(() => told.current(spanOf(made, range)), PAUSE);
    });
    return () => {
      clearTimeout(timer);
      drawn.current = null;
      made.chart.remove();
    };
  }, []);

  useEffect(() => {
    const held = drawn.current;
    if (held === null) return;
    const range = held.chart.timeScale().getVisibleLogicalRange();
    const view = range !== null && held.candles.length > 0 ? spanOf(held, range) : first;
    put(held, cut, ladder, bands, palette);
    show(held, view);
    // Colours are applied below, and the first view only once.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [cut, ladder, bands]);

  useEffect(() => {
    const held = drawn.current;
    held?.chart.applyOptions(chartOptions(palette, zone));
    // The page scrolls by the wheel elsewhere; this chart is what its page is about.
    held?.chart.applyOptions({ handleScroll: { mouseWheel: true }, handleScale: { mouseWheel: true } });
    held?.series.applyOptions(candleColors(palette));
    held?.ladder?.recolor(palette);
    held?.bands?.recolor(palette);
  }, [palette, zone]);

  useImperativeHandle(ref, () => ({
    zoom: (factor) => around(drawn.current, (from, to) => {
      const [middle, half] = [(from + to) / 2, ((to - from) / 2) * factor];
      return [middle - half, middle + half];
    }),
    pan: (share) => around(drawn.current, (from, to) => [from + (to - from) * share, to + (to - from) * share]),
    fit: () => drawn.current && show(drawn.current, first),
  }));

  return <div ref={place} className="candle-chart large" role="img" aria-label={label} />;
}

function makeChart(element: HTMLElement): Drawn {
  const chart = createChart(element, {
    autoSize: true,
    layout: { attributionLogo: false },
    timeScale: { minBarSpacing: 0.05, rightOffset: 4 },
  });
  const series = chart.addSeries(CandlestickSeries, { priceLineVisible: false, lastValueVisible: false });
  return { chart, series, ladder: null, bands: null, candles: [] };
}

function put(held: Drawn, cut: CandleWindow, ladder: Ladder, bands: readonly Band[], palette: Palette): void {
  if (held.bands) held.series.detachPrimitive(held.bands);
  if (held.ladder) held.series.detachPrimitive(held.ladder);
  held.series.applyOptions({
    priceFormat: {
      type: "custom",
      formatter: (price: number) => decimals(price, cut.digits),
      minMove: 10 ** -cut.digits,
    },
  });
  held.series.setData(cut.candles.map((candle) => ({ ...candle, time: candle.time as UTCTimestamp })));
  held.candles = cut.candles;
  held.bands = new RegimeBands(bands, palette);
  held.ladder = new ExitLadder(ladder, palette);
  held.series.attachPrimitive(held.bands);
  held.series.attachPrimitive(held.ladder);
}

function show(held: Drawn, view: Span): void {
  const at = (time: number): number => fractionAt(held.candles, time);
  held.chart.timeScale().setVisibleLogicalRange({ from: at(view.from), to: at(view.to) });
}

/** A place with its part of a candle, so that a view does not jump when its candles are exchanged. */
function fractionAt(candles: readonly Candle[], time: number): number {
  const whole = placeAt(candles, time);
  const start = timeAt(candles, whole);
  return whole + Math.min(1, (time - start) / stepOf(candles));
}

const spanOf = (held: Drawn, range: { from: number; to: number }): Span => ({
  from: timeAt(held.candles, range.from),
  to: timeAt(held.candles, range.to),
});

function around(held: Drawn | null, move: (from: number, to: number) => [number, number]): void {
  const range = held?.chart.timeScale().getVisibleLogicalRange();
  if (!held || !range) return;
  const [from, to] = move(range.from, range.to);
  held.chart.timeScale().setVisibleLogicalRange({ from: from as Logical, to: to as Logical });
}
