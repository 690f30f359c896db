import { describe, expect, it } from "vitest";
import { golden } from "../test/golden";
import {
  entryOf,
  EVERYTHING,
  exitOf,
  hashOfSelection,
  isPair,
  select,
  selectionFromHash,
  SORT_KEYS,
  type Selection,
} from "./selection";

const { sets } = golden();
const ids = (part: Partial<Selection>): string[] =>
  select(sets, { ...EVERYTHING, ...part }).map((set) => set.set_id.replace("golden-", ""));

describe("filters", () => {
  it.each<[Partial<Selection>, string[]]>([
    [{}, ["1", "2", "3", "4"]],
    [{ symbol: "ETHUSDT" }, ["2"]],
    [{ side: "long" }, ["1", "3", "4"]],
    [{ reason: "take_profit_1" }, ["1", "2", "4"]],
    [{ reason: "stop_loss", side: "short" }, []],
    [{ profile: "RANGE_DEFAULT" }, ["2"]],
    [{ outcome: "won" }, ["1", "2"]],
    [{ outcome: "lost" }, ["3"]],
    [{ outcome: "open" }, ["4"]],
    [{ search: "TRAILING stop" }, ["1"]],
    [{ search: "emergency" }, ["2"]],
    [{ search: "golden-3" }, ["3"]],
  ])("%o shows %o", (part, shown) => {
    expect(ids(part)).toEqual(shown);
  });
});

describe("order", () => {
  it.each<[Partial<Selection>, string[]]>([
    [{ sort: "pnl" }, ["3", "4", "2", "1"]],
    [{ sort: "pnl", descending: true }, ["1", "2", "4", "3"]],
    [{ sort: "legs", descending: true }, ["1", "2", "3", "4"]],
    [{ sort: "symbol" }, ["1", "3", "4", "2"]],
    [{ sort: "fees", descending: true }, ["3", "1", "2", "4"]],
  ])("%o gives %o", (part, order) => {
    expect(ids(part)).toEqual(order);
  });

  it("puts what is not known yet last, rising or falling", () => {
    for (const descending of [false, true])
      for (const sort of ["r", "duration"] as const) expect(ids({ sort, descending }).at(-1)).toBe("4");
  });

  it("leaves the run's own list as it was", () => {
    ids({ sort: "pnl" });
    expect(sets.map((set) => set.set_id)).toEqual(["golden-1", "golden-2", "golden-3", "golden-4"]);
  });
});

describe("the address", () => {
  it("gives back every selection that it was given", () => {
    for (const sort of SORT_KEYS)
      for (const descending of [false, true]) {
        const selection: Selection = {
          ...EVERYTHING,
          search: "a&b=c #1",
          reason: "x_exit",
          outcome: "lost",
          opened: "run:1/2",
          sort,
          descending,
        };
        expect(selectionFromHash(hashOfSelection(selection))).toEqual(selection);
      }
  });

  it("stays empty where nothing is chosen", () => {
    expect(hashOfSelection(EVERYTHING)).toBe("");
  });

  it("ignores what it does not know", () => {
    expect(selectionFromHash("#outcome=maybe&sort=luck&colour=red")).toEqual(EVERYTHING);
  });
});

describe("the ends of a set", () => {
  it("are its average prices where several legs made them", () => {
    const [first] = sets;
    expect(first && entryOf(first)).toEqual({
      reason: "breakout",
      more: 0,
      at: "2024-02-29T04:00:00Z",
      price: "40000",
    });
    expect(first && exitOf(first)).toEqual({
      reason: "trailing_stop",
      more: 2,
      at: "2024-02-29T14:45:00Z",
      price: "40528.1",
    });
  });

  // spec L5
  it("make a pair only with one entry and one exit", () => {
    expect(sets.map(isPair)).toEqual([false, false, true, false]);
  });
});
