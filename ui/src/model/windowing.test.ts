import { describe, expect, it } from "vitest";
import { candleIndexAt, placeAt, timeAt, type Candle } from "./window";
import { isoOf, secondsOf, spanToFetch } from "./windowing";

const WHOLE = { from: 0, to: 100_000 };
const BAR = 60;

describe("the window of candles", () => {
  it.each([
    ["stays while the view is well inside", { from: 4_000, to: 5_000 }, { from: 3_000, to: 6_000 }, 1, null],
    ["follows a scroll to the left", { from: 3_100, to: 4_100 }, { from: 3_000, to: 6_000 }, 1, { from: 2_100, to: 5_100 }],
    ["follows a scroll to the right", { from: 5_000, to: 6_000 }, { from: 3_000, to: 6_000 }, 1, { from: 4_000, to: 7_000 }],
    ["widens with the view", { from: 1_000, to: 9_000 }, { from: 3_000, to: 6_000 }, 1, { from: 0, to: 17_000 }],
    ["stays at the ends of the run", { from: -500, to: 900 }, { from: 0, to: 2_300 }, 1, null],
    ["becomes finer where bars were merged", { from: 50_000, to: 51_000 }, WHOLE, 20, { from: 49_000, to: 52_000 }],
    ["is not asked for finer than a bar", { from: 50_000, to: 51_000 }, WHOLE, 1, null],
  ])("%s", (_, view, held, merged, expected) => {
    expect(spanToFetch(view, held, WHOLE, merged, BAR)).toEqual(expected);
  });

  it("comes to rest: what was fetched for a view serves that view", () => {
    for (const view of [{ from: -500, to: 900 }, { from: 3_000, to: 90_000 }, { from: 99_000, to: 100_500 }]) {
      const held = spanToFetch(view, { from: 40_000, to: 40_060 }, WHOLE, 1, BAR);
      expect(held && spanToFetch(view, held, WHOLE, 1, BAR)).toBeNull();
    }
  });

  it("is written as the server reads times", () => {
    expect(isoOf(secondsOf("2024-02-29T04:05:00Z"))).toBe("2024-02-29T04:05:00Z");
  });
});

describe("places on the axis of candles", () => {
  // A bar is missing between the third and the fourth.
  const candles = [0, 60, 120, 240].map((time): Candle => ({ time, open: 1, high: 1, low: 1, close: 1 }));

  it.each([
    [0, 0],
    [59, 0],
    [130, 2],
    [200, 2],
    [240, 3],
    [300, 3],
    [-60, -1],
    [-90, -2],
    [480, 7],
  ])("second %i stands at %i", (time, place) => {
    expect(placeAt(candles, time)).toBe(place);
  });

  it("count on where no candle reaches, so that a ladder out of view is not drawn at the edge", () => {
    expect(candleIndexAt(candles, -600)).toBe(0);
    expect(placeAt(candles, -600)).toBe(-10);
  });

  it("lead back to their time", () => {
    for (const place of [-3, 0, 1.5, 2.5, 3, 5]) {
      const time = timeAt(candles, place);
      if (Number.isInteger(place)) expect(placeAt(candles, time)).toBe(place === 5 ? 5 : place);
    }
    expect(timeAt(candles, 1.5)).toBe(90);
    expect(timeAt(candles, 2.5)).toBe(180);
  });
});
