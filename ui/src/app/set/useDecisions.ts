import { useMemo } from "react";
import { api, type Shape } from "../../api/client";
import type { TradeLeg } from "../../model/payload";
import { timelineOf, type Step } from "../../model/timeline";

const MOST = 1_000;

/** All decisions about one set; of a set with more than a thousand rows the first ones, and how many there are. */
export function useDecisions(run_id: string, set_id: string, legs: readonly TradeLeg[]) {
  const path = { run_id };
  const query = { set_id, page_size: MOST };
  const decisions = api.useQuery("get", "/api/runs/{run_id}/decisions", { params: { path, query } });
  const events = api.useQuery("get", "/api/runs/{run_id}/events", { params: { path, query } });
  // The same address can also answer with a file, which is not what is asked for here.
  const decided = decisions.data as Shape["DecisionPage"] | undefined;
  const happened = events.data as Shape["EventPage"] | undefined;
  const steps: Step[] | undefined = useMemo(
    () => decided && happened && timelineOf(decided.items, legs, happened.items),
    [decided, happened, legs],
  );
  const left = (decided?.total ?? 0) - (decided?.items.length ?? 0);
  return { steps, left, error: decisions.error ?? events.error };
}
