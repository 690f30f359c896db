import { describe, expect, it } from "vitest";
import { golden, goldenJson } from "../test/golden";
import { decodePayload } from "./payload";

type Loose = Record<string, object>;
const edited = (edit: (payload: Loose) => void): unknown => {
  const payload = goldenJson() as Loose;
  edit(payload);
  return payload;
};

describe("the payload at the door", () => {
  it("keeps every amount as the text that Python wrote", () => {
    const [first] = golden().sets;
    expect(first?.pnl_net).toBe("244.826975");
    expect(first?.legs.map((leg) => leg.realized_pnl)).toEqual(["0", "30", "80", "154.05"]);
    expect(first?.legs.map((leg) => leg.position_after)).toEqual(["0.5", "0.425", "0.325", "0"]);
  });

  it("has four sets: four legs, a short, a pair and an open one", () => {
    const { sets } = golden();
    expect(sets.map((set) => [set.side, set.num_legs, set.closed_at === null])).toEqual([
      ["long", 4, false],
      ["short", 4, false],
      ["long", 2, false],
      ["long", 2, true],
    ]);
  });

  it("joins plans and windows to their sets", () => {
    const { plans, windows } = golden();
    expect([...windows.keys()]).toEqual([...plans.keys()]);
    expect(plans.get("golden-1")?.legs.map((leg) => leg.kind)).toEqual(["SL", "TP", "TP", "TP", "TRAIL"]);
    expect(plans.get("golden-1")?.stop_path.at(-1)).toMatchObject({ price: "40474", kind: "trailing_stop" });
  });

  it("takes null and missing measures", () => {
    const payload = decodePayload(
      edited((p) => {
        Object.assign(p, { metrics: { sharpe: null }, r_histogram: null, rungs: [], months: [] });
        p.run = { run_id: "bare" };
      }),
    );
    expect(payload.metrics.sharpe).toBeNull();
    expect(payload.run.warnings).toEqual([]);
  });

  it.each([
    [() => null, /payload: null found, an object expected/],
    [() => edited((p) => Object.assign(p.run ?? {}, { run_id: 7 })), /run\.run_id: number found, text expected/],
    [() => edited((p) => Object.assign(p, { rungs: 3 })), /rungs: number found, a list expected/],
  ])("says where a payload is malformed", (make, message) => {
    expect(() => decodePayload(make())).toThrow(message);
  });
});

describe("a candle window", () => {
  it("holds the bars that the fills were made in", () => {
    const payload = golden();
    for (const set of payload.sets) {
      const candles = payload.windows.get(set.set_id)?.candles ?? [];
      for (const leg of set.legs) {
        const bar = candles.findLast((candle) => candle.time <= Date.parse(leg.timestamp) / 1000);
        expect(bar, `${set.set_id} ${leg.reason}`).toBeDefined();
        if (bar === undefined) continue;
        expect(Number(leg.price), leg.leg_id).toBeGreaterThanOrEqual(bar.low);
        expect(Number(leg.price), leg.leg_id).toBeLessThanOrEqual(bar.high);
      }
    }
  });

  it("has ascending times", () => {
    for (const { candles } of golden().windows.values())
      expect(candles.every((candle, i) => i === 0 || candle.time > (candles[i - 1]?.time ?? 0))).toBe(true);
  });
});
