import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { rowOf } from "../model/selection";
import { furtherTiles, leadingTiles } from "../model/tiles";
import { golden } from "../test/golden";
import { Ambiguity } from "./Ambiguity";
import { ExitTable } from "./Exits";
import { Masthead } from "./Masthead";
import { Months } from "./Months";
import { Rungs } from "./Rungs";
import { LegTable } from "./sets/LegTable";
import { SetRow } from "./sets/SetRow";
import { Tiles } from "./Tiles";

const payload = golden();
const show = (node: React.ReactNode) => render(<MantineProvider>{node}</MantineProvider>);

describe("tiles", () => {
  it("are dashes where a measure is missing", () => {
    show(<Tiles tiles={[...leadingTiles({}), ...furtherTiles({ cagr: null }, null)]} />);
    expect(screen.getAllByText("–").length).toBe(15);
    expect(screen.getByText("not measured")).toBeTruthy();
  });
});

describe("ambiguity", () => {
  it("is told in words, with the interval, that it is no bound, and the advice above 5%", () => {
    const { container } = show(<Ambiguity run={payload.run} />);
    const told = container.textContent ?? "";
    for (const part of ["25.0%", "1 of 4", "−25.06", "+142.55", "not a bound", "finer detail file"])
      expect(told).toContain(part);
  });

  it("gives no advice at 5% and below", () => {
    const ambiguity = payload.run.ambiguity && { ...payload.run.ambiguity, share: 0.05 };
    const { container } = show(<Ambiguity run={{ ...payload.run, ambiguity }} />);
    expect(container.textContent).not.toContain("finer detail file");
  });

  it("says how to measure it where only one path was run", () => {
    const { container } = show(<Ambiguity run={{ ...payload.run, ambiguity: null }} />);
    expect(container.textContent).toContain("--paths both");
  });
});

const row = (place: number): string => {
  const set = payload.sets[place];
  if (set === undefined) throw new Error("no such set");
  return show(<SetRow row={rowOf(set)} place={place} open={false} toggle={() => undefined} />).container.textContent ?? "";
};

describe("the row of a set", () => {
  // spec L5
  it("shows a pair as the PairedTrade row did", () => {
    for (const part of [
      "BTCUSDT",
      "long · buy",
      "breakout",
      "stop loss",
      "2024-02-29 19:00",
      "40,300",
      "2024-02-29 22:15",
      "39,494",
      "19.95",
      "−422.95",
      "3 h 15 m",
      "403.00",
      "−1.05",
    ])
      expect(row(2)).toContain(part);
  });

  it("counts the other exits of a ladder", () => {
    expect(row(0)).toContain("trailing stop+2 exits");
  });

  it("says that a set is open", () => {
    expect(row(3)).toContain("openlast: take profit 1");
  });
});

it("legs show the position after each fill", () => {
  show(<LegTable legs={payload.sets[1]?.legs ?? []} of="golden-2" />);
  const rows = screen.getAllByRole("row").slice(1);
  expect(rows.map((shown) => within(shown).getAllByRole("cell").at(-1)?.textContent)).toEqual(["−10", "−7", "−4", "0"]);
});

it("the head names run, profiles and warnings", () => {
  const { container } = show(<Masthead run={payload.run} switches={null} />);
  for (const part of [
    "BTCUSDT, ETHUSDT",
    "golden",
    "TREND_DEFAULT, RANGE_DEFAULT",
    "One warning",
    "lot size not given",
  ])
    expect(container.textContent).toContain(part);
});

it("tables say so where there is nothing to show", () => {
  const { container } = show(
    <>
      <ExitTable rows={[]} of="Reason" />
      <Rungs rungs={[]} metrics={{}} />
      <Months months={[]} years={[]} />
    </>,
  );
  expect([...container.querySelectorAll("p")].map((line) => line.textContent)).toEqual([
    "No exits were counted.",
    "No ladder was measured.",
    "No equity was recorded.",
  ]);
});

it("rungs show how many were hit, and given the one before", () => {
  const { container } = show(<Rungs rungs={payload.rungs} metrics={payload.metrics} />);
  for (const part of ["0.3R, 0.5R", "3 of 4", "75.0%", "33.3%", "29.6%"]) expect(container.textContent).toContain(part);
});
