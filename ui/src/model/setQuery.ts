/** Which TradeSets of a run are asked for: the address of the page on one side, the query of the server on the other. */

import type { paths } from "../api/schema";
import type { Order, SortKey } from "./selection";

export type ServedQuery = NonNullable<paths["/api/runs/{run_id}/trade_sets"]["get"]["parameters"]["query"]>;

/** Filters that take one of the values that the run has. */
export const PICKS = ["reason", "category", "side", "symbol", "profile", "regime"] as const;
export type Pick = (typeof PICKS)[number];
const BOUNDS = ["min_r", "max_r"] as const;
const DAYS = ["from", "to"] as const;
const FILTERS = ["q", ...PICKS, ...BOUNDS, ...DAYS];

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const COLUMNS: Record<SortKey, string> = {
  opened: "opened_at",
  symbol: "symbol",
  pnl: "pnl_net",
  r: "r_multiple",
  fees: "fees_total",
  duration: "hold_seconds",
  legs: "num_legs",
  exposure: "max_exposure_notional",
};

export function orderOf(address: URLSearchParams): Order {
  const given = address.get("sort") ?? "opened";
  const key = given.replace(/^-/, "");
  const sort = key in COLUMNS ? (key as SortKey) : "opened";
  return { sort, descending: given.startsWith("-") };
}

export const sortText = ({ sort, descending }: Order): string =>
  sort === "opened" && !descending ? "" : `${descending ? "-" : ""}${sort}`;

/** Without page and size, which are those of the table's windows. */
export function servedQuery(address: URLSearchParams): ServedQuery {
  const { sort, descending } = orderOf(address);
  const query: Record<string, unknown> = { sort: `${descending ? "-" : ""}${COLUMNS[sort]}` };
  for (const name of PICKS) if (address.has(name)) query[name] = address.getAll(name);
  for (const name of BOUNDS) {
    const given = address.get(name);
    if (given !== null && given !== "" && Number.isFinite(Number(given))) query[name] = Number(given);
  }
  if (address.get("q")) query.q = address.get("q");
  const [from, to] = [address.get("from"), address.get("to")];
  if (from) query.from = DAY.test(from) ? `${from}T00:00:00Z` : from;
  if (to) query.to = DAY.test(to) ? dayAfter(to) : to;
  return query as ServedQuery;
}

/** A last day is meant whole; the server's `to` is the first moment that is left out. */
function dayAfter(day: string): string {
  const next = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(next.getTime())) return day;
  next.setUTCDate(next.getUTCDate() + 1);
  return `${next.toISOString().slice(0, 10)}T00:00:00Z`;
}

/** The query as it stands in an address of the server, for files. */
export function searchOf(query: ServedQuery): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  return search;
}

export const isFiltered = (address: URLSearchParams): boolean => FILTERS.some((name) => address.get(name));

/** What takes every filter out of an address. */
export const NO_FILTERS: Record<string, string> = Object.fromEntries(FILTERS.map((name) => [name, ""]));
