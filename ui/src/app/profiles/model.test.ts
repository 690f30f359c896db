import { describe, expect, it } from "vitest";
import type { Shape } from "../../api/client";
import { excursionsOf, firstTargetsOf } from "./excursions";
import { pictureOf, ranked, whyOf } from "./model";

const key = (symbol: string, strategy_id: string, regime: string) => ({ symbol, strategy_id, regime });
const scored = (score: number | null, selected = false) => ({ keys: [], score, selected });
const dot = (id: string) => ({ set_id: id, symbol: "A", side: "long", mae_r: -1, mfe_r: 1, r_multiple: 0 });
const wanted = { symbol: "BTC", strategy: "", regime: "TREND" };

describe("why a profile has its score", () => {
  // spec P3: 100·symbol + 10·strategy + 1·regime
  it("adds up what fits", () => {
    const profile = { keys: [key("BTC", "*", "TREND")], score: 101, selected: true };
    expect(whyOf(profile, wanted)).toBe("symbol BTC adds 100, regime TREND adds 1");
  });

  it("names what does not fit", () => {
    expect(whyOf({ keys: [key("ETH", "*", "*")], score: null, selected: false }, wanted)).toBe(
      "only for symbol ETH, not BTC",
    );
    expect(whyOf({ keys: [key("*", "grid", "*")], score: null, selected: false }, wanted)).toBe(
      "only for strategy grid, not any",
    );
  });

  it("leaves out registrations that do not fit where another one does", () => {
    const profile = { keys: [key("ETH", "*", "*"), key("*", "*", "*")], score: 0, selected: false };
    expect(whyOf(profile, wanted)).toBe("for any position, adds nothing");
  });

  it("says that the default was taken where nothing fits", () => {
    expect(whyOf({ keys: [key("*", "*", "NORMAL")], score: null, selected: true }, wanted)).toContain("nothing fits");
  });

  it("comes with the chosen one first, then by score", () => {
    expect(ranked([scored(null), scored(1), scored(100, true), scored(11)]).map(({ score }) => score)).toEqual([100, 11, 1, null]);
  });
});

const row = (name: string, kind: string, price: string, r: number) => ({
  name,
  kind,
  order: kind === "TP" ? "SOFT" : kind,
  r_multiple: r,
  price,
  from_entry: 0,
  size: 0.5,
  quantity: null,
  fee: null,
  pnl: null,
  total: null,
});

function preview(side: "long" | "short"): Shape["Preview"] {
  const up = side === "long" ? 1 : -1;
  const level = (r: number): string => String(100 + up * 2 * r);
  return {
    name: "MINE",
    side,
    entry: "100",
    stop: level(-1),
    risk_per_unit: "2",
    risk_fraction: 0.02,
    rows: [row("TP1", "TP", level(1), 1), row("TRAIL", "TRAIL", level(1.5), 1.5), row("SL", "SL", level(-1), -1)],
    trail: [
      { price: level(1.5), callback: 0.06 },
      { price: level(3), callback: 0.01 },
    ],
    sentences: [],
  };
}

describe.each(["long", "short"] as const)("the picture of a %s ladder", (side) => {
  const picture = pictureOf(preview(side));
  const up = side === "long" ? 1 : -1;

  it("holds every level", () => {
    for (const price of [picture.entry, picture.stop, ...picture.rungs.map((rung) => rung.price)]) {
      expect(price).toBeGreaterThan(picture.low);
      expect(price).toBeLessThan(picture.high);
    }
  });

  it("has a trail that is never looser than the stop and never goes back", () => {
    expect(picture.trail.length).toBeGreaterThan(2);
    let last = picture.stop;
    for (const { best, stop } of picture.trail) {
      expect(up * (stop - last)).toBeGreaterThanOrEqual(0);
      expect(up * (best - stop)).toBeGreaterThan(0);
      last = stop;
    }
    // 6% under 103 is looser than the stop at 98, so it waits there; at the end 1% holds.
    expect(picture.trail[0]?.stop).toBe(picture.stop);
    const end = picture.trail.at(-1);
    expect(end && Math.abs(end.best - end.stop) / end.best).toBeCloseTo(0.01, 9);
  });
});

it("a ladder without a trail has no curve", () => {
  const plain = preview("long");
  const picture = pictureOf({ ...plain, rows: plain.rows.filter(({ kind }) => kind !== "TRAIL"), trail: [] });
  expect([picture.activation, picture.trail]).toEqual([null, []]);
});

it("sets of several runs keep the run that they are of", () => {
  const found = excursionsOf(["r1", "r2"], [{ items: [dot("a")], total: 3 }, undefined]);
  expect([found.total, found.sets.length, found.runOf.get("a")]).toEqual([3, 1, "r1"]);
  expect(firstTargetsOf({ profile: { tp_legs: [{ r_multiple: 2 }, { r_multiple: "0.5" }] } })).toEqual([0.5]);
  expect(firstTargetsOf(null)).toEqual([]);
});
