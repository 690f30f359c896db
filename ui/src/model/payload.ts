/** The payload of a report: its shape, and the one place where JSON becomes it. */

import { amount, flag, list, maybe, number, object, record, row, text, type Decoder } from "./decode";
import { decodeWindow, type CandleWindow } from "./window";

const leg = {
  leg_id: text,
  side: text,
  qty: text,
  price: text,
  fees: text,
  timestamp: text,
  category: maybe(text),
  reason: maybe(text),
  is_entry: flag,
  exit_fraction: maybe(amount),
  wac_at_fill: maybe(text),
  realized_pnl: maybe(text),
  position_after: maybe(text),
};

const set = {
  set_id: text,
  symbol: text,
  side: text,
  opened_at: text,
  closed_at: maybe(text),
  pnl_realized_total: maybe(text),
  fees_total: maybe(text),
  funding_total: maybe(text),
  pnl_net: maybe(text),
  r_multiple: maybe(number),
  num_legs: number,
  num_entries: number,
  num_exits: number,
  avg_entry_price: maybe(text),
  avg_exit_price: maybe(text),
  max_exposure_quantity: maybe(text),
  max_exposure_notional: maybe(text),
  initial_risk: maybe(text),
  mfe_r: maybe(number),
  mae_r: maybe(number),
  hold_seconds: maybe(number),
  profile: maybe(text),
  regime: maybe(text),
};

const planLeg = {
  kind: text,
  order: maybe(text),
  index: maybe(number),
  r: maybe(number),
  price: maybe(text),
  qty: maybe(text),
  status: text,
  filled_at: maybe(text),
};

const run = object({
  run_id: text,
  version: maybe(text),
  symbols: list(text),
  timeframe: maybe(text),
  start: maybe(text),
  end: maybe(text),
  bars: maybe(number),
  seed: maybe(number),
  warnings: list(text),
  notes: list(text),
  inputs: list(object({ role: text, name: text, sha256: text })),
  ambiguity: maybe(
    object({
      share: maybe(number),
      sets: maybe(number),
      differing: maybe(number),
      net_pnl: list(amount),
      net_r: list(amount),
      note: maybe(text),
      advice: maybe(text),
    }),
  ),
  profiles: list(text),
  path: maybe(text),
  fill_at: maybe(text),
  slippage_bps: maybe(number),
  initial_cash: maybe(amount),
  policy: maybe(text),
});

const named = object({ name: text, count: maybe(number), pnl: maybe(amount), mean_r: maybe(number) });

const results = {
  run,
  metrics: record(maybe(amount)),
  exits: object({ reasons: list(named), categories: list(named) }),
  rungs: list(
    object({
      name: text,
      planned: maybe(number),
      count: maybe(number),
      hit_rate: maybe(number),
      conditional_rate: maybe(number),
      mean_r: maybe(number),
      levels: list(number),
    }),
  ),
  months: list(object({ year: number, month: number, return: maybe(number), sets: number })),
  years: list(object({ year: number, return: maybe(number) })),
  r_histogram: maybe(
    object({
      low: number,
      width: number,
      counts: list(number),
      below: flag,
      above: flag,
      mean: maybe(number),
      median: maybe(number),
    }),
  ),
};

export const decodeEquity = object({
  time: list(number),
  equity: list(maybe(number)),
  drawdown: list(maybe(number)),
  exposure: list(maybe(number)),
});

/** What a run measured, without its sets and candles: the same shape in a report and from the server. */
export const decodeResults = object(results);

const parts = object({ ...results, equity: decodeEquity });

type Whole = ReturnType<typeof parts>;
type Row<S> = S extends Record<string, Decoder<unknown>> ? { [K in keyof S]: ReturnType<S[K]> } : never;

export type TradeLeg = Row<typeof leg>;
export type TradeSet = Row<typeof set> & { legs: TradeLeg[] };
export type PlanLeg = Row<typeof planLeg>;
export type StopStep = { time: number; price: string; kind: string };
export type Plan = {
  strategy: string | null;
  initial_stop: string | null;
  risk_per_unit: string | null;
  entry_price: string | null;
  legs: PlanLeg[];
  stop_path: StopStep[];
  notes: string[];
};
export type Run = Whole["run"];
export type Metrics = Whole["metrics"];
export type NamedRow = Whole["exits"]["reasons"][number];
export type Rung = Whole["rungs"][number];
export type Month = Whole["months"][number];
export type Year = Whole["years"][number];
export type RHistogram = NonNullable<Whole["r_histogram"]>;
export type Equity = Whole["equity"];
export type Payload = Whole & {
  sets: TradeSet[];
  plans: Map<string, Plan>;
  windows: Map<string, CandleWindow>;
};

export function decodePayload(value: unknown): Payload {
  const whole = parts(value, "");
  const rest = object({
    sets: object({ columns: list(text), leg_columns: list(text), rows: list((item) => item as unknown[]) }),
    plans: object({ leg_columns: list(text), by_set: record((item) => item) }),
    windows: record((item) => item),
  })(value, "");
  const decodePlan = planDecoder(rest.plans.leg_columns);
  return {
    ...whole,
    sets: decodeSets(rest.sets.columns, rest.sets.leg_columns, rest.sets.rows),
    plans: new Map(Object.entries(rest.plans.by_set).map(([id, plan]) => [id, decodePlan(plan, `plans.${id}`)])),
    windows: new Map(Object.entries(rest.windows).map(([id, cut]) => [id, decodeWindow(cut, `windows.${id}`)])),
  };
}

function decodeSets(columns: string[], legColumns: string[], rows: unknown[][]): TradeSet[] {
  return list(row(columns, { ...set, legs: list(row(legColumns, leg)) }))(rows, "sets");
}

const stopStep: Decoder<StopStep> = (value, at) => {
  const [time, price, kind] = list((item) => item)(value, at);
  return { time: number(time, at), price: text(price, at), kind: text(kind, at) };
};

function planDecoder(legColumns: string[]): Decoder<Plan> {
  return object({
    strategy: maybe(text),
    initial_stop: maybe(text),
    risk_per_unit: maybe(text),
    entry_price: maybe(text),
    legs: list(row(legColumns, planLeg)),
    stop_path: list(stopStep),
    notes: list(text),
  });
}
