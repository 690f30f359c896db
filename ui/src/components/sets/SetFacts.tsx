import type { ReactNode } from "react";
import { DASH, exact, inR, money } from "../../model/format";
import type { Plan, TradeSet } from "../../model/payload";
import { Signed } from "../Signed";

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
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
