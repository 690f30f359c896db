import { useQueries } from "@tanstack/react-query";
import { api, type Shape } from "../../../api/client";
import type { ServedQuery } from "../../../model/setQuery";

export const PAGE_SIZE = 100;
export type TradeSetRow = Shape["TradeSetRow"];

export const pageQuery = (run_id: string, asked: ServedQuery, page: number) =>
  api.queryOptions(
    "get",
    "/api/runs/{run_id}/trade_sets",
    { params: { path: { run_id }, query: { ...asked, page, page_size: PAGE_SIZE } } },
    { staleTime: Infinity, gcTime: 60_000 },
  );

/** The pages that hold the rows from `first` to `last`; pages read once are kept, those scrolled past are left unread. */
export function useRows(run_id: string, asked: ServedQuery, first: number, last: number) {
  const [from, to] = [pageOf(first), pageOf(last)];
  const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  const pages = useQueries({ queries: numbers.map((page) => pageQuery(run_id, asked, page)) });
  const rowAt = (index: number): TradeSetRow | undefined => {
    const page = pages[pageOf(index) - from]?.data as Shape["TradeSetPage"] | undefined;
    return page?.items[index % PAGE_SIZE];
  };
  return { rowAt, fault: pages.find((page) => page.error !== null)?.error ?? null };
}

const pageOf = (index: number): number => Math.floor(index / PAGE_SIZE) + 1;
