import { describe, expect, it } from "vitest";
import { decimals, duration, exact, inR, moment, money, percent, sign, words } from "./format";

describe("amounts", () => {
  it.each([
    [exact("0.1"), "0.1"],
    [exact("12345678901234567.89"), "12,345,678,901,234,567.89"],
    [exact("40111.111111111111"), "40,111.111111111111"],
    [exact("-0.000001", true), "−0.000001"],
    [money("244.826975", true), "+244.83"],
    [money("-422.9485", true), "−422.95"],
    [money("0", true), "0.00"],
    [money("0.00001234", true), "+0.0000123"],
    [money(null), "–"],
    [percent(0.0512), "5.1%"],
    [percent(-0.5, 2, true), "−50.00%"],
    [decimals(null), "–"],
    [inR(-1), "−1.00 R"],
    [inR(null), "–"],
  ])("are written %s", (written, expected) => {
    expect(written).toBe(expected);
  });

  it.each([
    ["-0.00", 0],
    ["-0.001", -1],
    ["12", 1],
    [0, 0],
    [null, 0],
  ] as const)("%s has the sign %s", (value, expected) => {
    expect(sign(value)).toBe(expected);
  });
});

describe("times", () => {
  it.each([
    [40_500, "11 h 15 m"],
    [0, "0 m"],
    [59, "59 s"],
    [86_400 * 3 + 7_200, "3 d 2 h"],
    [86_400 + 60, "1 d"],
    [null, "open"],
  ])("%s seconds are written %s", (seconds, expected) => {
    expect(duration(seconds)).toBe(expected);
  });

  it("are written in UTC from text and from seconds", () => {
    expect(moment("2024-02-29T04:05:00Z", "utc")).toBe("2024-02-29 04:05");
    expect(moment(1_709_179_500, "utc")).toBe("2024-02-29 04:05");
    expect(moment(null, "utc")).toBe("–");
  });
});

it("names lose their underscores and nothing else", () => {
  expect(words("take_profit_1")).toBe("take profit 1");
  expect(words(null)).toBe("–");
});
