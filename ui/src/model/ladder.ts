/** What the chart of a set draws: rungs, stop path and fills, each at a candle's place. */

import type { Plan, PlanLeg, TradeLeg, TradeSet } from "./payload";
import { placeAt, type CandleWindow } from "./window";
import { brief, exact } from "./format";

export type RungStatus = "hit" | "unhit" | "cancelled" | "reduced";
export type LadderRung = { label: string; price: number; from: number; to: number; status: RungStatus; trail: boolean };
export type LadderStep = { at: number; price: number; kind: string };
export type LadderFill = {
  at: number;
  price: number;
  size: number;
  label: string;
  buy: boolean;
  outcome: "entry" | "gain" | "loss";
};
export type Ladder = {
  long: boolean;
  from: number;
  to: number;
  entryPrice: number;
  rungs: LadderRung[];
  steps: LadderStep[];
  fills: LadderFill[];
};

const STATUSES: Record<string, RungStatus> = { hit: "hit", cancelled: "cancelled", reduced: "reduced" };
const MARKS: Record<RungStatus, string> = { hit: "✓", unhit: "", cancelled: "×", reduced: "↓" };

export function ladderOf(set: TradeSet, plan: Plan | undefined, cut: CandleWindow): Ladder {
  const place = (iso: string): number => placeAt(cut.candles, Date.parse(iso) / 1000);
  const from = place(set.opened_at);
  const to = set.closed_at === null ? cut.candles.length - 1 : place(set.closed_at);
  const entry = plan?.entry_price ?? set.avg_entry_price ?? set.legs[0]?.price ?? "0";
  return {
    long: set.side === "long",
    from,
    to,
    entryPrice: Number(entry),
    rungs: (plan?.legs ?? [])
      .filter((leg) => leg.kind !== "SL" && leg.price !== null)
      .map((leg) => rungOf(leg, from, to, place)),
    steps: (plan?.stop_path ?? []).map((step) => ({
      at: placeAt(cut.candles, step.time / 1000),
      price: Number(step.price),
      kind: step.kind,
    })),
    fills: fillsOf(set.legs, place),
  };
}

function rungOf(leg: PlanLeg, from: number, to: number, place: (iso: string) => number): LadderRung {
  const status = STATUSES[leg.status] ?? "unhit";
  const trail = leg.kind === "TRAIL";
  // A trail's level is where it wakes up; where it was filled is told by the fill and the stop path.
  const until = status === "hit" && !trail && leg.filled_at !== null ? place(leg.filled_at) : to;
  return {
    label: `${labelOf(leg)}${trail ? "" : ` ${MARKS[status]}`}`.trim(),
    price: Number(leg.price),
    from,
    to: until,
    status,
    trail,
  };
}

function labelOf(leg: PlanLeg): string {
  const r = leg.r === null ? "" : ` ${exact(leg.r)}R`;
  if (leg.kind === "TP") return `TP${leg.index ?? ""}${r}`;
  return leg.kind === "TRAIL" ? `trail from${r}` : `${leg.kind}${r}`;
}

function fillsOf(legs: readonly TradeLeg[], place: (iso: string) => number): LadderFill[] {
  const largest = Math.max(...legs.map((leg) => Number(leg.qty)));
  const fills = legs.map((leg): LadderFill => ({
    at: place(leg.timestamp),
    price: Number(leg.price),
    size: largest > 0 ? Number(leg.qty) / largest : 1,
    label: brief(leg.qty),
    buy: leg.side === "buy",
    outcome: leg.is_entry ? "entry" : (leg.realized_pnl ?? "").startsWith("-") ? "loss" : "gain",
  }));
  // The largest is drawn first, so that it covers none of the others.
  return fills.toSorted((a, b) => b.size - a.size);
}

/** The lowest and the highest price of the drawing, for the price scale. */
export function reachOf(ladder: Ladder): { low: number; high: number } {
  const prices = [
    ladder.entryPrice,
    ...[...ladder.rungs, ...ladder.steps, ...ladder.fills].map((drawn) => drawn.price),
  ];
  return { low: Math.min(...prices), high: Math.max(...prices) };
}
