/** The measures of a run as tiles: which ones, in which order, in which words. A missing one is a dash. */

import { decimals, exact, inR, money, percent } from "./format";
import { MEANINGS } from "./meanings";
import type { Metrics } from "./payload";
import type { Amount } from "./decode";

export type Tile = { name: string; value: string; under?: string; signed?: Amount | null; meaning: string };

const of = (metrics: Metrics, key: string): Amount | null => metrics[key] ?? null;
const numberOf = (metrics: Metrics, key: string): number | null => {
  const value = of(metrics, key);
  return value === null ? null : Number(value);
};

export function leadingTiles(metrics: Metrics): Tile[] {
  const net = of(metrics, "net_pnl");
  const days = of(metrics, "max_drawdown_days");
  const expectancy = numberOf(metrics, "expectancy_r");
  return [
    {
      name: "Net P&L",
      value: money(net, true),
      signed: net,
      meaning: MEANINGS.net_pnl,
    },
    {
      name: "Return",
      value: percent(of(metrics, "return"), 2, true),
      signed: of(metrics, "return"),
      meaning: MEANINGS.return,
    },
    {
      name: "Max drawdown",
      value: percent(of(metrics, "max_drawdown"), 2),
      under: days === null ? undefined : `lasting ${exact(Number(decimals(days, 1).replaceAll(",", "")))} days`,
      meaning: `${MEANINGS.max_drawdown}, and how long it lasted`,
    },
    {
      name: "Sharpe",
      value: decimals(of(metrics, "sharpe")),
      meaning: MEANINGS.sharpe,
    },
    {
      name: "Expectancy",
      value: inR(expectancy),
      signed: expectancy,
      meaning: MEANINGS.net_r_mean,
    },
    {
      name: "Win rate",
      value: percent(of(metrics, "win_rate")),
      under: counts(metrics),
      meaning: MEANINGS.win_rate,
    },
  ];
}

export function furtherTiles(metrics: Metrics, share: number | null): Tile[] {
  return [
    { name: "CAGR", value: percent(of(metrics, "cagr"), 1, true), meaning: MEANINGS.cagr },
    { name: "Sortino", value: decimals(of(metrics, "sortino")), meaning: MEANINGS.sortino },
    {
      name: "Profit factor",
      value: decimals(of(metrics, "profit_factor")),
      meaning: MEANINGS.profit_factor,
    },
    { name: "Payoff", value: decimals(of(metrics, "payoff")), meaning: MEANINGS.payoff },
    { name: "SQN", value: decimals(of(metrics, "sqn")), meaning: MEANINGS.sqn },
    { name: "Exposure", value: percent(of(metrics, "exposure")), meaning: MEANINGS.exposure },
    { name: "Fees", value: money(of(metrics, "fees_total")), meaning: MEANINGS.fees_total },
    {
      name: "Funding",
      value: money(of(metrics, "funding_total"), true),
      meaning: MEANINGS.funding_total,
    },
    {
      name: "TradeSets",
      value: exact(of(metrics, "num_sets")),
      meaning: MEANINGS.num_sets,
    },
    {
      name: "Ambiguity",
      value: share === null ? "not measured" : percent(share),
      meaning: MEANINGS.ambiguity,
    },
  ];
}

function counts(metrics: Metrics): string | undefined {
  const [wins, losses] = [of(metrics, "num_wins"), of(metrics, "num_losses")];
  if (wins === null) return undefined;
  return losses === null ? `${exact(wins)} won` : `${exact(wins)} won, ${exact(losses)} lost`;
}
