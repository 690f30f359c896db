/** The sets of a profile out of pages of several runs, as dots. */

import type { Shape } from "../../api/client";
import type { TradeSet } from "../../model/payload";

export const MOST_RUNS = 10;
export const PAGE = 1000;

type Excursion = Pick<TradeSet, "set_id" | "symbol" | "side" | "mae_r" | "mfe_r" | "r_multiple">;
type Page = Pick<Shape["TradeSetPage"], "items" | "total">;

export function excursionsOf(
  runs: readonly string[],
  pages: readonly unknown[],
): { sets: Excursion[]; runOf: Map<string, string>; total: number } {
  const runOf = new Map<string, string>();
  const sets: Excursion[] = [];
  let total = 0;
  pages.forEach((answer, index) => {
    if (typeof answer !== "object" || answer === null) return;
    const page = answer as Page;
    total += page.total;
    for (const row of page.items) {
      runOf.set(row.set_id, runs[index] ?? "");
      sets.push(row);
    }
  });
  return { sets, runOf, total };
}

/** Where the profile's first target stands, in R. */
export function firstTargetsOf(detail: { profile: Record<string, unknown> } | null): number[] {
  const legs = detail?.profile.tp_legs;
  if (!Array.isArray(legs)) return [];
  const levels = legs.map((leg: { r_multiple?: unknown }) => Number(leg.r_multiple)).filter(Number.isFinite);
  return levels.length > 0 ? [Math.min(...levels)] : [];
}
