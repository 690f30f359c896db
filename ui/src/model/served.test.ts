import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { components } from "../api/schema";
import { golden } from "../test/golden";
import { rowOf } from "./selection";
import { digitsOf, rowOfServed, windowOfServed } from "./served";

type Row = components["schemas"]["TradeSetRow"];

/** What the server's own models make of the hand-made run; the Python side compares with this same file. */
const rows = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../../tests/golden/trade_set_rows.json"), "utf8"),
) as Row[];

describe("a served row", () => {
  // spec L5
  it("shows of a pair what the PairedTrade row showed, field for field", () => {
    const pair = rows[2]?.paired;
    if (!pair) throw new Error("the third set of the golden run is a pair");
    const row = rowOfServed(rows[2] as Row);
    expect(row.pair).toBe(true);
    expect({
      symbol: row.symbol,
      side: row.side === "long" ? "buy" : "sell",
      entry_trigger: row.entry.reason,
      exit_trigger: row.exit.reason,
      entry_timestamp: row.entry.at,
      exit_timestamp: row.exit.at,
      entry_price: row.entry.price,
      exit_price: row.exit.price,
      qty: row.max_exposure_quantity,
      fees: row.fees_total,
      pnl: row.pnl_net,
      hold_duration: row.hold_seconds,
      risk: row.initial_risk,
      r_multiple: row.r_multiple,
    }).toEqual(pair);
  });

  it("shows what a report shows of the same sets", () => {
    const sets = golden().sets;
    expect(rows).toHaveLength(sets.length);
    rows.forEach((served, index) => {
      const set = sets[index];
      if (set === undefined) throw new Error("missing");
      const told = rowOf(set);
      const { entry, exit, ...rest } = rowOfServed(served);
      expect(rest).toEqual(Object.fromEntries(Object.keys(rest).map((key) => [key, told[key as keyof typeof told]])));
      expect(entry).toEqual(told.entry);
      // Without its legs, a row of an open set does not know when the last of them was.
      expect(exit).toEqual(set.closed_at === null ? { ...told.exit, at: null, price: served.avg_exit_price } : told.exit);
    });
  });
});

describe("served candles", () => {
  it("have as many decimals as their prices", () => {
    expect([digitsOf([1, 2.5, 3.25]), digitsOf([1e-7]), digitsOf([]), digitsOf([0.123456789012])]).toEqual([2, 7, 0, 8]);
  });

  it("are turned from columns into candles", () => {
    const column = { volume: [null], regimes: [], symbol: "A", timeframe: "1h", start: null, end: null };
    expect(windowOfServed({ ...column, bars_per_candle: 4, time: [60], open: [1], high: [3], low: [0.5], close: [2] })).toEqual({
      barsPerCandle: 4,
      digits: 0,
      candles: [{ time: 60, open: 1, high: 3, low: 0.5, close: 2 }],
    });
  });
});
