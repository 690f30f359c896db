import { useContext, useMemo, type ReactNode } from "react";
import { CandleChart } from "../../charts/CandleChart";
import { usePalette } from "../../charts/palette";
import { DASH, exact, inR, money } from "../../model/format";
import { ladderOf } from "../../model/ladder";
import type { Plan, TradeSet } from "../../model/payload";
import type { CandleWindow } from "../../model/window";
import { Signed } from "../Signed";
import { ZoneContext } from "../zone";
import { LegTable } from "./LegTable";
import { PlanTable } from "./PlanTable";

type Props = { set: TradeSet; plan: Plan | undefined; cut: CandleWindow | undefined };

/** What an expanded row shows: facts, the candles with the ladder, the legs, the plan. */
export function SetDetail({ set, plan, cut }: Props) {
  return (
    <div className="set-detail">
      <SetFacts set={set} plan={plan} />
      {cut === undefined ? (
        <p className="no-chart">
          No candles of this set are inside this file: it holds charts for the first sets, open ones and the largest
          results.
        </p>
      ) : (
        <SetChart set={set} plan={plan} cut={cut} />
      )}
      <div className="set-tables">
        <LegTable legs={set.legs} of={set.set_id} />
        {plan !== undefined && plan.legs.length > 0 && <PlanTable plan={plan} of={set.set_id} />}
      </div>
    </div>
  );
}

function SetChart({ set, plan, cut }: { set: TradeSet; plan: Plan | undefined; cut: CandleWindow }) {
  const zone = useContext(ZoneContext);
  const palette = usePalette();
  const ladder = useMemo(() => ladderOf(set, plan, cut), [set, plan, cut]);
  const hit = ladder.rungs.filter((rung) => rung.status === "hit" && !rung.trail).length;
  const name = `Candles of ${set.symbol} with the exit ladder: ${set.legs.length} fills, ${hit} take-profit rungs hit, ${inR(set.r_multiple)}`;
  return (
    <figure className="set-chart">
      <CandleChart cut={cut} ladder={ladder} palette={palette} zone={zone} label={name} />
      <figcaption>
        <span>
          <i className="key line-profit" /> rung hit
        </span>
        <span>
          <i className="key dash-profit" /> not hit
        </span>
        <span>
          <i className="key dot-muted" /> cancelled or reduced
        </span>
        <span>
          <i className="key line-loss" /> stop
        </span>
        <span>▲▼ entry, ● exit, area = size</span>
        {cut.barsPerCandle > 1 && <span>{cut.barsPerCandle} bars a candle</span>}
        <a href="https://www.tradingview.com/" rel="noreferrer">
          Charts by TradingView
        </a>
      </figcaption>
    </figure>
  );
}

function SetFacts({ set, plan }: { set: TradeSet; plan: Plan | undefined }) {
  const facts: [string, ReactNode][] = [
    ["Set", <code key="id">{set.set_id}</code>],
    ["Profile", set.profile ?? DASH],
    ["Regime", set.regime ?? DASH],
    [
      "P&L before fees",
      <Signed key="gross" of={set.pnl_realized_total}>
        {exact(set.pnl_realized_total, true)}
      </Signed>,
    ],
    ["Fees", exact(set.fees_total)],
    ["Funding", money(set.funding_total, true)],
    ["Initial stop", exact(plan?.initial_stop ?? null)],
    ["Best, worst", `${inR(set.mfe_r)}, ${inR(set.mae_r)}`],
  ];
  return (
    <dl className="facts small">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
