import { BaselineSeries, createChart, type IChartApi, type ISeriesApi, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef, useState } from "react";
import { decimals, moment, percent, type Zone } from "../model/format";
import type { Equity } from "../model/payload";
import { chartOptions, MADE_BY, WHOLE_RANGE } from "./options";
import type { Palette } from "./palette";

type Props = { equity: Equity; palette: Palette; zone: Zone };
type Drawn = { chart: IChartApi; value: ISeriesApi<"Baseline">; drawdown: ISeriesApi<"Baseline"> };
type Point = { time: number; equity: number | null; drawdown: number | null };

export function EquityChart({ equity, palette, zone }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);

  useEffect(() => {
    if (place.current === null) return;
    const made = draw(place.current, equity);
    made.chart.subscribeCrosshairMove(({ time }) => setPointed(time === undefined ? null : Number(time)));
    drawn.current = made;
    return () => {
      drawn.current = null;
      made.chart.remove();
    };
  }, [equity]);

  useEffect(() => {
    drawn.current?.chart.applyOptions(chartOptions(palette, zone));
    drawn.current?.value.applyOptions(valueColors(palette));
    drawn.current?.drawdown.applyOptions(drawdownColors(palette));
    // The equity is listed because a chart made for another one needs its colours again.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [palette, zone, equity]);

  const point = pointAt(equity, pointed);
  return (
    <figure className="equity">
      <figcaption className="readout">
        <span>{moment(point.time, zone)}</span>
        <span>
          Equity <b>{decimals(point.equity)}</b>
        </span>
        <span>
          Drawdown <b>{percent(point.drawdown, 2)}</b>
        </span>
      </figcaption>
      <div ref={place} className="equity-chart" />
    </figure>
  );
}

function pointAt(equity: Equity, time: number | null): Point {
  const found = time === null ? -1 : equity.time.indexOf(time);
  const index = found < 0 ? equity.time.length - 1 : found;
  return {
    time: equity.time[index] ?? 0,
    equity: equity.equity[index] ?? null,
    drawdown: equity.drawdown[index] ?? null,
  };
}

function draw(element: HTMLElement, equity: Equity): Drawn {
  const chart = createChart(element, { ...MADE_BY, autoSize: true, timeScale: WHOLE_RANGE });
  const value = chart.addSeries(BaselineSeries, {
    baseValue: { type: "price", price: equity.equity[0] ?? 0 },
    priceLineVisible: false,
    lineWidth: 2,
    priceFormat: { type: "custom", formatter: (v: number) => decimals(v, 0), minMove: 0.01 },
  });
  const drawdown = chart.addSeries(
    BaselineSeries,
    {
      baseValue: { type: "price", price: 0 },
      priceLineVisible: false,
      lineWidth: 1,
      priceFormat: { type: "custom", formatter: (v: number) => percent(v, 1), minMove: 0.0001 },
    },
    1,
  );
  const series = (column: (number | null)[]) =>
    column.flatMap((v, i) => (v === null ? [] : [{ time: (equity.time[i] ?? 0) as UTCTimestamp, value: v }]));
  value.setData(series(equity.equity));
  drawdown.setData(series(equity.drawdown));
  value.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.06 } });
  drawdown.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.08 } });
  const [top, bottom] = chart.panes();
  top?.setStretchFactor(3);
  bottom?.setStretchFactor(1.2);
  chart.timeScale().fitContent();
  return { chart, value, drawdown };
}

function valueColors(palette: Palette) {
  return {
    topLineColor: palette.profit,
    topFillColor1: `${palette.profit}40`,
    topFillColor2: `${palette.profit}08`,
    bottomLineColor: palette.loss,
    bottomFillColor1: `${palette.loss}08`,
    bottomFillColor2: `${palette.loss}40`,
  };
}

function drawdownColors(palette: Palette) {
  return {
    bottomLineColor: palette.loss,
    bottomFillColor1: `${palette.loss}10`,
    bottomFillColor2: `${palette.loss}48`,
    topLineColor: palette.loss,
  };
}
