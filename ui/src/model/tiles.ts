/** The measures of a run as tiles: which ones, in which order, in which words. A missing one is a dash. */

import { decimals, exact, inR, money, percent } from "./format";
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
      meaning: "Realized P&L of all sets after fees and funding, in quote currency",
    },
    {
      name: "Return",
      value: percent(of(metrics, "return"), 2, true),
      signed: of(metrics, "return"),
      meaning: "Change of equity, open positions included, as a share of the initial cash",
    },
    {
      name: "Max drawdown",
      value: percent(of(metrics, "max_drawdown"), 2),
      under: days === null ? undefined : `lasting ${exact(Number(decimals(days, 1).replaceAll(",", "")))} days`,
      meaning: "The deepest fall of equity from a peak, and how long it lasted",
    },
    {
      name: "Sharpe",
      value: decimals(of(metrics, "sharpe")),
      meaning: "From daily equity, 365 days a year, risk-free rate 0",
    },
    {
      name: "Expectancy",
      value: inR(expectancy),
      signed: expectancy,
      meaning: "Mean net result of a set in R, its risk at opening",
    },
    {
      name: "Win rate",
      value: percent(of(metrics, "win_rate")),
      under: counts(metrics),
      meaning: "Share of closed sets with a net gain",
    },
  ];
}

export function furtherTiles(metrics: Metrics, share: number | null): Tile[] {
  return [
    { name: "CAGR", value: percent(of(metrics, "cagr"), 1, true), meaning: "Return a year, compounded" },
    { name: "Sortino", value: decimals(of(metrics, "sortino")), meaning: "Like Sharpe, counting only downward days" },
    {
      name: "Profit factor",
      value: decimals(of(metrics, "profit_factor")),
      meaning: "Gains of winning sets ÷ losses of losing sets",
    },
    { name: "Payoff", value: decimals(of(metrics, "payoff")), meaning: "Mean gain ÷ mean loss" },
    { name: "SQN", value: decimals(of(metrics, "sqn")), meaning: "√n · mean R ÷ standard deviation of R" },
    { name: "Exposure", value: percent(of(metrics, "exposure")), meaning: "Share of the time with an open position" },
    { name: "Fees", value: money(of(metrics, "fees_total")), meaning: "All fees paid, in quote currency" },
    {
      name: "Funding",
      value: money(of(metrics, "funding_total"), true),
      meaning: "Funding received less funding paid",
    },
    {
      name: "TradeSets",
      value: exact(of(metrics, "num_sets")),
      meaning: "Times that a position went from flat to flat",
    },
    {
      name: "Ambiguity",
      value: share === null ? "not measured" : percent(share),
      meaning: "Share of sets whose result hangs on the order of prices inside a bar",
    },
  ];
}

function counts(metrics: Metrics): string | undefined {
  const [wins, losses] = [of(metrics, "num_wins"), of(metrics, "num_losses")];
  if (wins === null) return undefined;
  return losses === null ? `${exact(wins)} won` : `${exact(wins)} won, ${exact(losses)} lost`;
}
