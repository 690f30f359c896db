/** The tables of the page as they are saved: raw values, names of the files they came from. */

import type { Table } from "./export";
import type { Month, NamedRow, Rung, TradeSet } from "./payload";
import { entryOf, exitOf } from "./selection";

export function setTable(sets: readonly TradeSet[]): Table {
  // prettier-ignore
  const columns = [
    "set_id", "symbol", "side", "profile", "regime", "opened_at", "closed_at", "entry_trigger", "entry_price", "exit_trigger", "exit_price",
    "max_exposure_quantity", "max_exposure_notional", "pnl_realized_total", "fees_total", "funding_total", "pnl_net", "initial_risk",
    "r_multiple", "mfe_r", "mae_r", "hold_seconds", "num_legs", "num_entries", "num_exits",
  ];
  // prettier-ignore
  const rows = sets.map((set) => [
    set.set_id, set.symbol, set.side, set.profile, set.regime, set.opened_at, set.closed_at, entryOf(set).reason, entryOf(set).price, exitOf(set).reason, exitOf(set).price,
    set.max_exposure_quantity, set.max_exposure_notional, set.pnl_realized_total, set.fees_total, set.funding_total, set.pnl_net, set.initial_risk,
    set.r_multiple, set.mfe_r, set.mae_r, set.hold_seconds, set.num_legs, set.num_entries, set.num_exits,
  ]);
  return { name: "trade_sets", columns, rows };
}

export function legTable(sets: readonly TradeSet[]): Table {
  const columns = [
    "set_id",
    "leg_id",
    "symbol",
    "timestamp",
    "side",
    "qty",
    "price",
    "fees",
    "category",
    "reason",
    "is_entry",
    "exit_fraction",
    "wac_at_fill",
    "realized_pnl",
    "position_after",
  ];
  const rows = sets.flatMap((set) =>
    set.legs.map((leg) => [
      set.set_id,
      leg.leg_id,
      set.symbol,
      leg.timestamp,
      leg.side,
      leg.qty,
      leg.price,
      leg.fees,
      leg.category,
      leg.reason,
      leg.is_entry,
      leg.exit_fraction,
      leg.wac_at_fill,
      leg.realized_pnl,
      leg.position_after,
    ]),
  );
  return { name: "trade_legs", columns, rows };
}

export const exitTable = (name: string, rows: readonly NamedRow[]): Table => ({
  name,
  columns: ["name", "count", "pnl", "mean_r"],
  rows: rows.map((row) => [row.name, row.count, row.pnl, row.mean_r]),
});

export const rungTable = (rungs: readonly Rung[]): Table => ({
  name: "rungs",
  columns: ["rung", "levels_r", "planned", "count", "hit_rate", "conditional_rate", "mean_r"],
  rows: rungs.map((rung) => [
    rung.name,
    rung.levels.join(" "),
    rung.planned,
    rung.count,
    rung.hit_rate,
    rung.conditional_rate,
    rung.mean_r,
  ]),
});

export const monthTable = (months: readonly Month[]): Table => ({
  name: "months",
  columns: ["year", "month", "return", "sets"],
  rows: months.map((month) => [month.year, month.month, month.return, month.sets]),
});
