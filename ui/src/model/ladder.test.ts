import { describe, expect, it } from "vitest";
import { golden } from "../test/golden";
import { ladderOf, reachOf, type Ladder } from "./ladder";

const payload = golden();
function ladder(id: string): Ladder {
  const set = payload.sets.find((one) => one.set_id === id);
  const cut = payload.windows.get(id);
  if (set === undefined || cut === undefined) throw new Error(id);
  return ladderOf(set, payload.plans.get(id), cut);
}

describe("the ladder of a set", () => {
  it("bounds each rung by the entry and its fill, or the exit", () => {
    // 30 bars stand before the entry; TP1 was hit 9 bars later, TP2 18, the exit is 43 bars after the entry.
    const { from, to, rungs } = ladder("golden-1");
    expect([from, to]).toEqual([30, 73]);
    expect(rungs.map((rung) => [rung.label, rung.from, rung.to, rung.status])).toEqual([
      ["TP1 0.5R ✓", 30, 39, "hit"],
      ["TP2 1R ✓", 30, 48, "hit"],
      ["TP3 2R ×", 30, 73, "cancelled"],
      ["trail from 1.5R", 30, 73, "hit"],
    ]);
  });

  it("marks each fill with its share of the largest, the largest first", () => {
    const { fills } = ladder("golden-2");
    expect(fills.map((fill) => [fill.label, fill.size, fill.outcome])).toEqual([
      ["10", 1, "entry"],
      ["4", 0.4, "gain"],
      ["3", 0.3, "gain"],
      ["3", 0.3, "gain"],
    ]);
  });

  it("reaches from its lowest to its highest price", () => {
    expect(reachOf(ladder("golden-1"))).toEqual({ low: 39200, high: 41600 });
    expect(reachOf(ladder("golden-2"))).toEqual({ low: 1960, high: 2040 });
  });

  it("ends at the last candle while the set is open", () => {
    const last = (payload.windows.get("golden-4")?.candles.length ?? 0) - 1;
    expect(ladder("golden-4").to).toBe(last);
  });

  it("needs no plan", () => {
    const set = payload.sets[0];
    const cut = payload.windows.get("golden-1");
    const bare = set && cut && ladderOf(set, undefined, cut);
    expect(bare?.rungs).toEqual([]);
    expect(bare?.fills).toHaveLength(4);
  });
});
