import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Shape } from "../../api/client";
import { ExcursionScatter } from "../../charts/ExcursionScatter";
import { exact } from "../../model/format";
import type { Rung } from "../../model/payload";
import { Failure } from "../Failure";
import { pagesOver } from "./sampling";

const MOST_TARGET_LINES = 4;

type Props = { run_id: string; rungs: Rung[]; onPick: (set_id: string) => void };

/** A dot a set. Of very many, whole pages are taken at equal distances over the run. */
export function Excursions({ run_id, rungs, onPick }: Props) {
  const page = (number: number, size: number) =>
    api.queryOptions(
      "get",
      "/api/runs/{run_id}/trade_sets",
      { params: { path: { run_id }, query: { page: number, page_size: size } } },
      { staleTime: Infinity },
    );
  const [first] = useQueries({ queries: [page(1, SIZE)] });
  const total = (first?.data as Shape["TradeSetPage"] | undefined)?.total ?? 0;
  const pages = useQueries({ queries: pagesOver(total, SIZE, MOST_PAGES).map((number) => page(number, SIZE)) });
  const read = pages.length > 0 && pages.every((one) => one.data !== undefined);
  const dots = useMemo(
    () => (read ? pages.flatMap((one) => (one.data as Shape["TradeSetPage"]).items) : []),
    // The pages are new objects at each drawing; what they hold changes only when they have been read.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [read, run_id],
  );
  const targets = useMemo(() => (rungs[0]?.levels ?? []).slice(0, MOST_TARGET_LINES), [rungs]);
  const fault = first?.error ?? pages.find((one) => one.error)?.error;
  if (fault) return <Failure fault={fault} />;
  if (first?.data === undefined || (!read && total > 0)) return <p className="quiet">Reading the excursions.</p>;
  return (
    <>
      <ExcursionScatter sets={dots} firstTargets={targets} onPick={onPick} />
      {dots.length > 0 && dots.length < total && (
        <p className="quiet">
          {exact(dots.length)} of {exact(total)} sets, in stretches at equal distances over the run.
        </p>
      )}
    </>
  );
}

const SIZE = 500;
const MOST_PAGES = 6;
