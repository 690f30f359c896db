import { describe, expect, it } from "vitest";
import { findingsOf, type Gate, gateWord, measured, windows } from "./model";

const gate = (name: Gate["gate"], evidence: Gate["evidence"] = {}, passed: boolean | null = true): Gate => ({
  gate: name,
  passed,
  findings: [],
  evidence,
});
const RAN = {
  start: "2024-03-04T00:00:00Z",
  end: "2024-03-16T00:00:00Z",
  num_sets: 35,
  net_r_mean: 0.177,
  max_drawdown_pct: 1.667,
  exits_by_category: { plan: 26, risk_reduce: 15 },
};

describe("what a gate measured", () => {
  it("is a line of figures", () => {
    expect(measured(gate("schema", { triggers: 1 }))).toBe("1 trigger");
    expect(measured(gate("backtest", RAN))).toBe(
      "35 sets, +0.18 R a set, drawdown 1.7%",
    );
    expect(measured(gate("held_out", { windows: [RAN], num_sets: 2, net_r_mean: -0.1, net_r_low: -0.2, net_r_high: 0.1 }))).toBe(
      "2 sets, −0.10 R a set, 95%: −0.20 to +0.10 R",
    );
    expect(measured(gate("shadow", { bars: 3, wanted_bars: 48 }, false))).toBe("3 of 48 bars");
    expect(measured(gate("compare", { in_force: null }))).toBe("no plan is in force");
    expect(measured(gate("compare", { in_force: "a", pair: { verdict: "noise" } }))).toBe("noise");
    expect(measured(gate("words"))).toBe("");
  });
  it("says whether it was asked", () => {
    expect([true, false, null].map((passed) => gateWord(gate("caps", {}, passed)))).toEqual(["passed", "refused", "not asked"]);
  });
});

describe("windows", () => {
  it("are one for the last days, several held out, one of shadow", () => {
    const told = windows([gate("lint"), gate("backtest", RAN), gate("held_out", { windows: [RAN, RAN] }), gate("shadow", RAN)]);
    expect(told.map((row) => row.gate)).toEqual(["Last days", "Held-out days", "Held-out days", "Shadow"]);
    expect(told[0]?.window.exits).toBe("26 plan, 15 risk reduce");
  });
});

describe("findings", () => {
  it("keep the gate that told them", () => {
    const finding = { code: "x", severity: "error" as const, trigger_id: null, key: null, message: "m", advice: "", line: 1, column: 2 };
    expect(findingsOf([{ ...gate("lint"), findings: [finding] }])).toEqual([{ ...finding, gate: "lint" }]);
  });
});
