import { CandlestickSeries, createChart, type IChartApi, type ISeriesApi, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef } from "react";
import { decimals, type Zone } from "../model/format";
import type { Ladder } from "../model/ladder";
import type { CandleWindow } from "../model/window";
import { ExitLadder } from "./ExitLadder";
import { chartOptions, WHOLE_RANGE } from "./options";
import type { Palette } from "./palette";

const LABEL_WIDTH = 104;
const SCALE_WIDTH = 70;

type Props = { cut: CandleWindow; ladder: Ladder; palette: Palette; zone: Zone; label: string };
type Drawn = { chart: IChartApi; series: ISeriesApi<"Candlestick">; ladder: ExitLadder };

export function CandleChart({ cut, ladder, palette, zone, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);

  useEffect(() => {
    if (place.current === null) return;
    const made = draw(place.current, cut, ladder, palette);
    drawn.current = made;
    return () => {
      drawn.current = null;
      made.chart.remove();
    };
    // Colours and zone are applied below, without making the chart again.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [cut, ladder]);

  useEffect(() => {
    drawn.current?.chart.applyOptions(chartOptions(palette, zone));
    drawn.current?.series.applyOptions(candleColors(palette));
    drawn.current?.ladder.recolor(palette);
  }, [palette, zone, cut, ladder]);

  return <div ref={place} className="candle-chart" role="img" aria-label={label} />;
}

function draw(element: HTMLElement, cut: CandleWindow, ladder: Ladder, palette: Palette): Drawn {
  const chart = createChart(element, { autoSize: true, layout: { attributionLogo: false }, timeScale: WHOLE_RANGE });
  const series = chart.addSeries(CandlestickSeries, {
    ...candleColors(palette),
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: {
      type: "custom",
      formatter: (price: number) => decimals(price, cut.digits),
      minMove: 10 ** -cut.digits,
    },
  });
  series.setData(cut.candles.map((candle) => ({ ...candle, time: candle.time as UTCTimestamp })));
  const primitive = new ExitLadder(ladder, palette);
  series.attachPrimitive(primitive);
  chart.timeScale().applyOptions({ rightOffset: barsForLabels(cut.candles.length, ladder.to, element.clientWidth) });
  chart.timeScale().fitContent();
  return { chart, series, ladder: primitive };
}

/** Empty bars at the right, so that the labels behind the exit have room where few candles follow it. */
function barsForLabels(count: number, exit: number, width: number): number {
  const plot = Math.max(2 * LABEL_WIDTH, width - SCALE_WIDTH);
  // count + empty bars share the plot; those behind the exit must be as wide as a label.
  const whole = exit / (1 - LABEL_WIDTH / plot);
  return Math.max(1, Math.ceil(whole - count));
}

/** Rising bars hollow, falling ones filled: told apart without colour, and the ladder keeps the colours to itself. */
export function candleColors(palette: Palette) {
  return {
    upColor: palette.card,
    downColor: palette["candle-down"],
    borderUpColor: palette["candle-up"],
    borderDownColor: palette["candle-down"],
    wickUpColor: palette["candle-up"],
    wickDownColor: palette["candle-down"],
  };
}
