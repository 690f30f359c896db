/** Which TradeSets are shown and in which order, and how that choice is written in the address. */

import type { TradeLeg, TradeSet } from "./payload";

export const SORT_KEYS = ["opened", "symbol", "pnl", "r", "fees", "duration", "legs", "exposure"] as const;
export type SortKey = (typeof SORT_KEYS)[number];
export type Outcome = "" | "won" | "lost" | "open";
export type Selection = {
  search: string;
  symbol: string;
  side: string;
  reason: string;
  profile: string;
  outcome: Outcome;
  sort: SortKey;
  descending: boolean;
  opened: string;
};

export const EVERYTHING: Selection = {
  search: "",
  symbol: "",
  side: "",
  reason: "",
  profile: "",
  outcome: "",
  sort: "opened",
  descending: false,
  opened: "",
};

export type Order = Pick<Selection, "sort" | "descending">;

const TEXT_KEYS = ["search", "symbol", "side", "reason", "profile", "opened"] as const;

export function selectionFromHash(hash: string): Selection {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const selection = { ...EVERYTHING };
  for (const key of TEXT_KEYS) selection[key] = given.get(key) ?? "";
  const outcome = given.get("outcome") ?? "";
  if (outcome === "won" || outcome === "lost" || outcome === "open") selection.outcome = outcome;
  const [sort = "", direction] = (given.get("sort") ?? "").split(".");
  const known = SORT_KEYS.find((key) => key === sort);
  if (known) Object.assign(selection, { sort: known, descending: direction === "down" });
  return selection;
}

export function hashOfSelection(selection: Selection): string {
  const written = new URLSearchParams();
  for (const key of TEXT_KEYS) if (selection[key]) written.set(key, selection[key]);
  if (selection.outcome) written.set("outcome", selection.outcome);
  if (selection.sort !== EVERYTHING.sort || selection.descending)
    written.set("sort", selection.descending ? `${selection.sort}.down` : selection.sort);
  const text = written.toString();
  return text ? `#${text}` : "";
}

export function isFiltered(selection: Selection): boolean {
  return (["search", "symbol", "side", "reason", "profile", "outcome"] as const).some((key) => selection[key] !== "");
}

export function select(sets: readonly TradeSet[], selection: Selection): TradeSet[] {
  const wanted = sets.filter((set) => matches(set, selection));
  const order = ORDERS[selection.sort];
  const direction = selection.descending ? -1 : 1;
  // Sets come in the run's order, and the sort is stable, so equal ones keep it. What is unknown goes last either way.
  return wanted.toSorted((a, b) => compare(order(a), order(b), direction));
}

const ORDERS: Record<SortKey, (set: TradeSet) => string | number | null> = {
  opened: (set) => set.opened_at,
  symbol: (set) => set.symbol,
  pnl: (set) => ordinal(set.pnl_net),
  r: (set) => set.r_multiple,
  fees: (set) => ordinal(set.fees_total),
  duration: (set) => set.hold_seconds,
  legs: (set) => set.num_legs,
  exposure: (set) => ordinal(set.max_exposure_notional ?? set.max_exposure_quantity),
};

/** Order only: the amount itself is never shown from this. */
const ordinal = (amount: string | null): number | null => (amount === null ? null : Number(amount));

function compare(a: string | number | null, b: string | number | null, direction: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a === b) return 0;
  return (a < b ? -1 : 1) * direction;
}

function matches(set: TradeSet, selection: Selection): boolean {
  if (selection.symbol && set.symbol !== selection.symbol) return false;
  if (selection.side && set.side !== selection.side) return false;
  if (selection.profile && (set.profile ?? "none") !== selection.profile) return false;
  if (selection.reason && !set.legs.some((leg) => leg.reason === selection.reason)) return false;
  if (selection.outcome && outcomeOf(set) !== selection.outcome) return false;
  return selection.search === "" || searchable(set).includes(selection.search.toLowerCase());
}

function outcomeOf(set: TradeSet): Outcome {
  if (set.closed_at === null) return "open";
  return Number(set.pnl_net) > 0 ? "won" : "lost";
}

const searchTexts = new WeakMap<TradeSet, string>();

function searchable(set: TradeSet): string {
  const known = searchTexts.get(set);
  if (known !== undefined) return known;
  const parts = [set.set_id, set.symbol, set.side, set.opened_at, set.profile, set.regime];
  for (const leg of set.legs) parts.push(leg.reason, leg.reason?.replaceAll("_", " ") ?? null, leg.category);
  const text = parts.filter(Boolean).join(" ").toLowerCase();
  searchTexts.set(set, text);
  return text;
}

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].toSorted();

export type Choices = { symbols: string[]; sides: string[]; reasons: string[]; profiles: string[] };

export function choicesOf(sets: readonly TradeSet[]): Choices {
  return {
    symbols: sorted(sets.map((set) => set.symbol)),
    sides: sorted(sets.map((set) => set.side)),
    reasons: sorted(sets.flatMap((set) => set.legs.map((leg) => leg.reason ?? "")).filter(Boolean)),
    profiles: sorted(sets.map((set) => set.profile ?? "none")),
  };
}

/** One side of a set as a row shows it: why, when and at what price. */
export type End = { reason: string | null; more: number; at: string | null; price: string | null };

export function entryOf(set: TradeSet): End {
  return end(
    set.legs.filter((leg) => leg.is_entry),
    set.avg_entry_price,
    "first",
  );
}

export function exitOf(set: TradeSet): End {
  return end(
    set.legs.filter((leg) => !leg.is_entry),
    set.avg_exit_price,
    "last",
  );
}

function end(legs: TradeLeg[], average: string | null, which: "first" | "last"): End {
  const told = which === "first" ? legs[0] : legs.at(-1);
  const price = legs.length === 1 ? (told?.price ?? null) : average;
  return { reason: told?.reason ?? null, more: Math.max(0, legs.length - 1), at: told?.timestamp ?? null, price };
}

/** What a collapsed row shows, whether it comes from a report or from the server. */
export type SetRowModel = Pick<
  TradeSet,
  | "set_id"
  | "symbol"
  | "side"
  | "closed_at"
  | "pnl_net"
  | "r_multiple"
  | "fees_total"
  | "initial_risk"
  | "hold_seconds"
  | "num_legs"
  | "max_exposure_quantity"
  | "max_exposure_notional"
> & { entry: End; exit: End; pair: boolean };

export const rowOf = (set: TradeSet): SetRowModel => ({
  ...set,
  entry: entryOf(set),
  exit: exitOf(set),
  pair: isPair(set),
});

/** One entry and one exit: the row then shows what the PairedTrade row showed. */
export const isPair = (set: TradeSet): boolean =>
  set.closed_at !== null && set.num_entries === 1 && set.num_exits === 1;
