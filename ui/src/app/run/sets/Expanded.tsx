import { useMemo } from "react";
import { Link } from "react-router";
import { api } from "../../../api/client";
import { SetDetail } from "../../../components/sets/SetDetail";
import { planOfServed, setOfServed, windowOfServed } from "../../../model/served";
import { Failure } from "../../Failure";

const MOST_BARS = 600;

/** What an unfolded row shows: legs, plan, and the candles of its time with the ladder. */
export function Expanded({ run_id, set_id }: { run_id: string; set_id: string }) {
  const asked = api.useQuery(
    "get",
    "/api/runs/{run_id}/trade_sets/{set_id}",
    { params: { path: { run_id, set_id } } },
    { staleTime: Infinity },
  );
  const detail = asked.data;
  const candles = api.useQuery(
    "get",
    "/api/runs/{run_id}/candles",
    {
      params: {
        path: { run_id },
        query: { symbol: detail?.symbol, from: detail?.window.start, to: detail?.window.end, max_bars: MOST_BARS },
      },
    },
    { enabled: detail !== undefined, staleTime: Infinity },
  );
  const shown = useMemo(
    () => detail && { set: setOfServed(detail), plan: planOfServed(detail.plan) },
    [detail],
  );
  const cut = useMemo(() => candles.data && windowOfServed(candles.data), [candles.data]);
  if (asked.error) return <Failure fault={asked.error} />;
  if (shown === undefined) return <div className="set-detail waiting" aria-busy="true" />;
  return (
    <>
      <SetDetail
        set={shown.set}
        plan={shown.plan}
        cut={cut?.candles.length ? cut : undefined}
        missing={candles.error instanceof Error ? candles.error.message : "Reading the candles."}
      />
      <p className="to-set">
        <Link to={`/runs/${encodeURIComponent(run_id)}/sets/${encodeURIComponent(set_id)}`}>
          Large chart and every decision
        </Link>
      </p>
    </>
  );
}
