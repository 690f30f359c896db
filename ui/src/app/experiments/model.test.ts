import { describe, expect, it } from "vitest";
import { bands, faultsOf, interval, level, newDraft, type Point, reach, requestOf, ticks } from "./model";

const point = (num_sets: number, mean: number, low: number | null, high: number | null): Point => ({
  day: "2024-01-01",
  num_sets,
  mean,
  low,
  high,
});

describe("an interval in words", () => {
  it.each([
    [-0.123, 0.3, "−0.12 to +0.30 R"],
    [0.1, null, "+0.10 to none R"],
    [0.0021, 0.3, "+0.002 to +0.300 R"],
    [-0.4, -0.005, "−0.40 to −0.01 R"],
    [0, 0.3, "0.00 to +0.30 R"],
    [null, null, "–"],
  ])("%s to %s", (low, high, wanted) => expect(interval({ low, high })).toBe(wanted));

  it.each([
    [0.05, "95%"],
    [0.01, "99%"],
    [0.005, "99.5%"],
  ])("alpha %s is %s", (alpha, wanted) => expect(level(alpha)).toBe(wanted));
});

describe("what the chart shows", () => {
  it("holds zero and every settled mean, and not a band as wide as at the first look", () => {
    const points = [point(30, 0.4, -9, 9.8), point(40, 0.3, -1, 1.6), point(50, 0.3, -0.4, 1), point(60, 0.3, -0.2, 0.8)];
    const [low, high] = reach(points);
    expect(low).toBeLessThanOrEqual(-1);
    expect(low).toBeGreaterThan(-3);
    expect(high).toBeGreaterThanOrEqual(1.6);
    expect(high).toBeLessThan(4);
  });

  it("has a height even where nothing differs", () => {
    const [low, high] = reach([point(1, 0, null, null)]);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });

  it("is marked at round values", () => {
    expect(ticks([-0.31, 0.82])).toEqual([0, 0.5]);
    expect(ticks([-0.04, 0.07])).toEqual([0, 0.05]);
    expect(ticks([-1, 1])).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(ticks([0, 900])).toEqual([0, 200, 400, 600, 800]);
  });

  it("draws a band only where it has both bounds", () => {
    const points = [point(1, 0, null, null), point(2, 0, -1, 1), point(3, 0, null, 1), point(4, 0, -1, 1), point(5, 0, -1, 1)];
    expect(bands(points).map((one) => one.map(({ num_sets }) => num_sets))).toEqual([[2], [4, 5]]);
  });
});

describe("what is sent", () => {
  it("leaves out what was not filled in", () => {
    const draft = newDraft("r1");
    draft.name = " stops ";
    draft.arms[1] = { ...draft.arms[1], config: "exits: {default_stop_pct: 4}", profile: "WIDE" };
    const sent = requestOf(draft);
    expect(sent).toMatchObject({ name: "stops", source_run: "r1", alpha: 0.05, min_sets: 30, max_sets: null });
    expect(sent.arms[0]).toEqual({ name: "as-it-was", weight: 1 });
    expect(sent.arms[1]).toEqual({
      name: "other",
      weight: 1,
      profiles: ["WIDE"],
      config: "exits: {default_stop_pct: 4}\n",
    });
  });

  it("finds the faults of a field and of what lies in it", () => {
    const errors = [
      { field: "arms.1.config", message: "a" },
      { field: "arms.1.config.exits", message: "b" },
      { field: "arms.10", message: "c" },
    ];
    expect(faultsOf(errors, "arms.1.config")).toEqual(["a", "b"]);
    expect(faultsOf(errors, "arms.1")).toEqual(["a", "b"]);
  });
});
