import { useContext, useMemo, type ReactNode } from "react";
import { CandleChart } from "../../charts/CandleChart";
import { usePalette } from "../../charts/palette";
import { inR } from "../../model/format";
import { ladderOf } from "../../model/ladder";
import type { Plan, TradeSet } from "../../model/payload";
import type { CandleWindow } from "../../model/window";
import { ZoneContext } from "../zone";
import { LadderKey } from "./LadderKey";
import { LegTable } from "./LegTable";
import { PlanTable } from "./PlanTable";
import { SetFacts } from "./SetFacts";

type Props = { set: TradeSet; plan: Plan | undefined; cut: CandleWindow | undefined; missing?: ReactNode };

const NOT_INSIDE =
  "No candles of this set are inside this file: it holds charts for the first sets, open ones and the largest results.";

/** What an expanded row shows: facts, the candles with the ladder, the legs, the plan. */
export function SetDetail({ set, plan, cut, missing = NOT_INSIDE }: Props) {
  return (
    <div className="set-detail">
      <SetFacts set={set} plan={plan} />
      {cut === undefined ? (
        <p className="no-chart">{missing}</p>
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
        <LadderKey barsPerCandle={cut.barsPerCandle} />
      </figcaption>
    </figure>
  );
}
