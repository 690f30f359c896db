import { describe, expect, it } from "vitest";
import { policiesOf, requestOf } from "./asked";
import { askedOf, chosenOf, deltaOf, FIGURES, inputsThatDiffer, namesOf, reachOf, styleOf, ticksOf, wordsOf } from "./model";
import { returnsOf } from "./OverlayChart";

const figure = (key: string) => {
  const found = FIGURES.find((one) => one.key === key);
  if (!found) throw new Error(key);
  return found;
};

describe("the runs of the address", () => {
  it("come once each, at most ten", () => {
    expect(chosenOf("a,b,a,,c")).toEqual(["a", "b", "c"]);
    expect(chosenOf(Array.from({ length: 14 }, (_, i) => `r${i}`).join(",")).length).toBe(10);
    expect(chosenOf("")).toEqual([]);
  });

  it("are asked with the reference last, so that a pair is run minus reference", () => {
    expect(askedOf(["ref", "b", "c"])).toBe("b,c,ref");
  });
});

describe("a difference from the reference", () => {
  it.each([
    ["net_pnl", 5, 3, "better"],
    ["fees_total", 5, 3, "worse"],
    ["max_drawdown", -0.2, -0.1, "worse"],
    ["num_sets", 5, 3, "same"],
    ["net_pnl", 3, 3, "same"],
  ])("of %s, %d against %d, is %s", (key, value, reference, kind) => {
    expect(deltaOf(figure(key), value, reference)?.kind).toBe(kind);
  });

  it("is none where a figure is missing", () => {
    expect(deltaOf(figure("net_pnl"), null, 1)).toBeNull();
    expect(deltaOf(figure("net_pnl"), 1, null)).toBeNull();
  });
});

it("ten runs have ten looks", () => {
  expect(new Set(Array.from({ length: 10 }, (_, i) => JSON.stringify(styleOf(i)))).size).toBe(10);
});

it("runs with one label are told apart by their ids", () => {
  const names = namesOf([
    { run_id: "r1", label: "same" },
    { run_id: "r2", label: "same" },
    { run_id: "r3", label: "own" },
    { run_id: "r4", label: null },
  ]);
  expect([...names.values()]).toEqual(["same (r1)", "same (r2)", "own", "r4"]);
});

it("verdicts have the page's names and a true minus, and dates stay as they are", () => {
  const told = wordsOf("r1 minus r2 is -0.20 R [-0.55, 0.13], 2024-01-02", new Map([["r1", "wide"]]));
  expect(told).toBe("wide minus r2 is −0.20 R [−0.55, 0.13], 2024-01-02");
});

it("the forest's axis holds 0 and every interval, and its ticks lie inside", () => {
  const pair = { first: "a", second: "b", count: 1, left: 0, distinguishable: false, verdict: "" };
  const { low, high } = reachOf([
    { ...pair, mean: 0.3, low: 0.1, high: 0.9 },
    { ...pair, mean: null, low: null, high: null },
  ]);
  expect(low).toBeLessThan(0);
  expect(high).toBeGreaterThan(0.9);
  const ticks = ticksOf(low, high);
  expect(ticks).toContain(0);
  expect(ticks.every((tick) => tick >= low && tick <= high)).toBe(true);
});

it("a curve as a return begins at its own first value", () => {
  expect(returnsOf([null, 100, 110, 90])).toEqual([null, 0, 0.10000000000000009, -0.09999999999999998]);
});

it("inputs that make other sets are named, other settings are not", () => {
  const settings = ["inputs.candles", "inputs.config", "exits.default_stop_pct", "timeframe"].map((key) => ({
    key,
    values: [1, 2],
  }));
  expect(inputsThatDiffer(settings)).toEqual(["inputs.candles", "timeframe"]);
});

it("a comparison of policies takes the inputs of the run and nothing else of its request", () => {
  const policies = policiesOf(true, true, ["name: wide", "  "]);
  expect(policies).toEqual([{ name: "as-run" }, "emergency-only", "name: wide\n"]);
  const asked = requestOf({ candles: ["AAA"], entries: [], plan: null, label: "x", kind: "backtest" }, policies, "x");
  expect(asked).toEqual({ candles: ["AAA"], entries: [], policies, label: "policies on x" });
});
