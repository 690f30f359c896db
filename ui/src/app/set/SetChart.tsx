import { useContext, useMemo, useRef } from "react";
import type { Shape } from "../../api/client";
import { regimeColor, usePalette } from "../../charts/palette";
import { WindowedChart, type ChartHandle } from "../../charts/WindowedChart";
import { LadderKey } from "../../components/sets/LadderKey";
import { ZoneContext } from "../../components/zone";
import { inR } from "../../model/format";
import { ladderOf } from "../../model/ladder";
import type { Plan, TradeSet } from "../../model/payload";
import { Failure } from "../Failure";
import { useCandles } from "./useCandles";

const TOOLS: [string, string, (chart: ChartHandle) => void][] = [
  ["◀", "Earlier", (chart) => chart.pan(-0.4)],
  ["▶", "Later", (chart) => chart.pan(0.4)],
  ["+", "Closer", (chart) => chart.zoom(0.5)],
  ["−", "Farther", (chart) => chart.zoom(2)],
  ["Fit", "Fit the whole set", (chart) => chart.fit()],
];

type Props = { run_id: string; detail: Shape["TradeSetDetail"]; set: TradeSet; plan: Plan | undefined };

export function SetChart({ run_id, detail, set, plan }: Props) {
  const zone = useContext(ZoneContext);
  const palette = usePalette();
  const chart = useRef<ChartHandle>(null);
  const { cut, bands, hint, view, error, fetching } = useCandles(run_id, detail);
  const ladder = useMemo(() => cut && ladderOf(set, plan, cut), [set, plan, cut]);
  const regimes = [...new Set(bands.map((band) => band.regime))];
  if (error) return <Failure fault={error} />;
  if (cut === undefined || ladder === undefined || cut.candles.length === 0)
    return <p className="no-chart large">{cut ? "The run has no candles here." : "Reading the candles."}</p>;
  const hit = ladder.rungs.filter((rung) => rung.status === "hit" && !rung.trail).length;
  const name = `Candles of ${set.symbol} with the exit ladder: ${set.legs.length} fills, ${hit} take-profit rungs hit, ${inR(set.r_multiple)}`;
  return (
    <figure className="set-chart" aria-busy={fetching}>
      <div className="chart-tools no-print" role="toolbar" aria-label="Chart">
        {TOOLS.map(([sign, meaning, act]) => (
          <button
            key={sign}
            type="button"
            title={meaning}
            aria-label={meaning}
            onClick={() => chart.current && act(chart.current)}
          >
            {sign}
          </button>
        ))}
      </div>
      <WindowedChart
        ref={chart}
        cut={cut}
        ladder={ladder}
        bands={bands}
        first={hint}
        palette={palette}
        zone={zone}
        label={name}
        onView={view}
      />
      <figcaption>
        {regimes.map((regime) => (
          <span key={regime}>
            <i className="swatch" style={{ background: regimeColor(palette, regime) }} />
            {regime.toLowerCase()}
          </span>
        ))}
        <LadderKey barsPerCandle={cut.barsPerCandle} />
      </figcaption>
    </figure>
  );
}
