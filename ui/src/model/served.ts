/** What the server answers, as the components of the report take it: one look for both. */

import type { components } from "../api/schema";
import type { Plan, TradeSet } from "./payload";
import type { End, SetRowModel } from "./selection";
import type { CandleWindow } from "./window";

type Shapes = components["schemas"];
type ServedRow = Shapes["TradeSetRow"];

const MOST_DIGITS = 8;
const LOOKED_AT = 200;

/** A collapsed row. One entry and one exit: the fields of the PairedTrade row are the ones that it shows. */
export function rowOfServed(row: ServedRow): SetRowModel {
  const { paired } = row;
  return {
    set_id: row.set_id,
    symbol: row.symbol,
    side: row.side,
    closed_at: row.closed_at,
    pnl_net: paired?.pnl ?? row.pnl_net,
    r_multiple: paired?.r_multiple ?? row.r_multiple,
    fees_total: paired?.fees ?? row.fees_total,
    initial_risk: paired?.risk ?? row.initial_risk,
    hold_seconds: paired?.hold_duration ?? row.hold_duration,
    num_legs: row.num_legs,
    max_exposure_quantity: paired?.qty ?? row.max_exposure_quantity,
    max_exposure_notional: row.max_exposure_notional,
    pair: paired !== null,
    entry: {
      reason: paired?.entry_trigger ?? row.reasons[0] ?? row.entry_triggers[0] ?? null,
      more: row.num_entries - 1,
      at: paired?.entry_timestamp ?? row.opened_at,
      price: paired?.entry_price ?? row.avg_entry_price,
    },
    exit: exitOfServed(row),
  };
}

function exitOfServed({ paired, ...row }: ServedRow): End {
  return {
    reason: paired?.exit_trigger ?? row.left_by,
    more: Math.max(0, row.num_exits - 1),
    at: paired?.exit_timestamp ?? row.closed_at,
    price: paired?.exit_price ?? row.avg_exit_price,
  };
}

export function setOfServed(detail: Shapes["TradeSetDetail"]): TradeSet {
  return { ...detail, hold_seconds: detail.hold_duration, legs: detail.legs ?? [] };
}

export function planOfServed(ladder: Shapes["Ladder"] | null): Plan | undefined {
  if (ladder === null) return undefined;
  return {
    strategy: ladder.strategy,
    initial_stop: ladder.initial_stop,
    risk_per_unit: ladder.risk_per_unit,
    entry_price: ladder.entry_price,
    legs: ladder.legs.map((leg) => ({ ...leg, status: leg.status === "pending" ? "unhit" : leg.status })),
    stop_path: ladder.stop_path.map((step) => ({ ...step, time: Date.parse(step.time) })),
    notes: ladder.notes.map(noteText),
  };
}

const noteText = (note: unknown): string => (typeof note === "string" ? note : JSON.stringify(note));

export function windowOfServed(candles: Shapes["Candles"]): CandleWindow {
  return {
    barsPerCandle: candles.bars_per_candle,
    digits: digitsOf(candles.close),
    candles: candles.time.map((time, index) => ({
      time,
      open: candles.open[index] ?? 0,
      high: candles.high[index] ?? 0,
      low: candles.low[index] ?? 0,
      close: candles.close[index] ?? 0,
    })),
  };
}

/** How many decimals the prices have: as many as any of the first ones is written with. */
export function digitsOf(prices: readonly number[]): number {
  const lengths = prices.slice(0, LOOKED_AT).map((price) => {
    const [digits = "", power] = String(price).split("e");
    return Math.max(0, (digits.split(".")[1]?.length ?? 0) - Number(power ?? 0));
  });
  return Math.min(MOST_DIGITS, Math.max(0, ...lengths));
}
