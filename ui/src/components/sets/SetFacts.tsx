import type { ReactNode } from "react";
import { DASH, exact, inR, money } from "../../model/format";
import type { Plan, TradeSet } from "../../model/payload";
import { Signed } from "../Signed";
import { Term } from "../Term";

const SAID: Record<string, string> = {
  "P&L before fees": "Realized P&L of its fills, without fees and funding",
  "Initial stop": "The stop at opening; its distance from the entry is 1 R",
  "Best, worst": "Best and worst excursion while it was open (MFE, MAE), in R",
};

export function SetFacts({ set, plan }: { set: TradeSet; plan: Plan | undefined }) {
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
          <dt>
            <Term meaning={SAID[name]}>{name}</Term>
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
