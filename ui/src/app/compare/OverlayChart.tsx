import { createChart, type IChartApi, type ISeriesApi, LineSeries, LineStyle, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Shape } from "../../api/client";
import { chartOptions, MADE_BY, WHOLE_RANGE } from "../../charts/options";
import type { Palette } from "../../charts/palette";
import { decimals, moment, percent, type Zone } from "../../model/format";
import { styleOf } from "./model";
import { Stroke } from "./Stroke";

type Curve = Shape["CurveOfRun"];
type Column = readonly (number | null)[];
type Props = {
  time: readonly number[];
  curves: readonly Curve[];
  names: ReadonlyMap<string, string>;
  colors: readonly string[];
  palette: Palette;
  zone: Zone;
  asReturn: boolean;
  setAsReturn: (asReturn: boolean) => void;
  hidden: readonly string[];
  setHidden: (hidden: string[]) => void;
};
type Line = { run: string; equity: ISeriesApi<"Line">; drawdown: ISeriesApi<"Line"> };
type Drawn = { chart: IChartApi; lines: Line[] };

/** A curve as its return since its own first bar, for runs that began with different cash. */
export function returnsOf(values: Column): (number | null)[] {
  const first = values.find((value) => value !== null && value !== 0);
  return values.map((value) => (value === null || first === undefined || first === null ? null : value / first - 1));
}

/** Curves of several runs over one axis of time; the legend's buttons take a run out and bring it back. */
export function OverlayChart(props: Props) {
  const { time, curves, names, colors, palette, zone, asReturn, hidden } = props;
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const columns = useMemo(
    () => curves.map((curve) => ({ ...curve, equity: asReturn ? returnsOf(curve.equity) : curve.equity })),
    [curves, asReturn],
  );
  // The address gives a new array at each look; its content decides.
  const out = hidden.join(",");

  useEffect(() => {
    if (place.current === null) return;
    const made = draw(place.current, time, columns, asReturn);
    made.chart.subscribeCrosshairMove((at) => setPointed(at.time === undefined ? null : Number(at.time)));
    drawn.current = made;
    return () => {
      drawn.current = null;
      made.chart.remove();
    };
  }, [time, columns, asReturn]);

  useEffect(() => {
    drawn.current?.chart.applyOptions(chartOptions(palette, zone));
    drawn.current?.lines.forEach(({ run, equity, drawdown }, index) => {
      const { hue, dashed } = styleOf(index);
      const look = {
        color: colors[hue] ?? palette.ink,
        lineStyle: dashed ? LineStyle.Dashed : LineStyle.Solid,
        visible: !out.split(",").includes(run),
      };
      equity.applyOptions(look);
      drawdown.applyOptions(look);
    });
    // The rest is listed because a chart made for other curves needs its colours again.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [palette, zone, colors, out, time, columns, asReturn]);

  const found = pointed === null ? -1 : time.indexOf(pointed);
  const at = found < 0 ? time.length - 1 : found;
  const toggle = (run: string): void =>
    props.setHidden(hidden.includes(run) ? hidden.filter((one) => one !== run) : [...hidden, run]);
  return (
    <figure>
      <figcaption className="section-head">
        <span className="quiet">{moment(time[at] ?? null, zone)}</span>
        <label className="check">
          <input
            type="checkbox"
            checked={asReturn}
            onChange={(event) => props.setAsReturn(event.currentTarget.checked)}
          />
          As a return
        </label>
      </figcaption>
      <ul className="series-legend" aria-label="Runs shown">
        {columns.map(({ run_id, equity, drawdown }, index) => (
          <li key={run_id}>
            <button type="button" aria-pressed={!hidden.includes(run_id)} onClick={() => toggle(run_id)}>
              <Stroke {...styleOf(index)} />
              {names.get(run_id) ?? run_id}
              <small>
                {asReturn ? percent(equity[at] ?? null, 2, true) : decimals(equity[at] ?? null, 0)},{" "}
                {percent(drawdown[at] ?? null, 2)}
              </small>
            </button>
          </li>
        ))}
      </ul>
      <div ref={place} className="overlay-chart" role="img" aria-label="Equity above, drawdown below, a line a run" />
    </figure>
  );
}

function draw(element: HTMLElement, time: readonly number[], curves: readonly Curve[], asReturn: boolean): Drawn {
  const chart = createChart(element, { ...MADE_BY, autoSize: true, timeScale: WHOLE_RANGE });
  const written = (value: number): string => (asReturn ? percent(value, 1) : decimals(value, 0));
  const points = (column: Column) =>
    column.map((value, i) => {
      const at = (time[i] ?? 0) as UTCTimestamp;
      return value === null ? { time: at } : { time: at, value };
    });
  const line = (pane: number, wide: boolean, formatter: (value: number) => string, minMove: number) =>
    chart.addSeries(
      LineSeries,
      {
        priceLineVisible: false,
        lastValueVisible: false,
        lineWidth: wide ? 3 : 2,
        priceFormat: { type: "custom", formatter, minMove },
      },
      pane,
    );
  const lines = curves.map(({ run_id, equity, drawdown }, index): Line => {
    const top = line(0, index === 0, written, asReturn ? 0.0001 : 0.01);
    const bottom = line(1, index === 0, (value) => percent(value, 1), 0.0001);
    top.setData(points(equity));
    bottom.setData(points(drawdown));
    return { run: run_id, equity: top, drawdown: bottom };
  });
  const [top, bottom] = chart.panes();
  top?.setStretchFactor(3);
  bottom?.setStretchFactor(1.4);
  chart.timeScale().fitContent();
  return { chart, lines };
}
