import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { download, type Shape } from "../../../api/client";
import { SetHeads } from "../../../components/sets/SetHeads";
import { exact } from "../../../model/format";
import type { Order } from "../../../model/selection";
import { isFiltered, orderOf, searchOf, servedQuery, sortText } from "../../../model/setQuery";
import { useAddress } from "../../address";
import { Failure } from "../../Failure";
import { Filters } from "./Filters";
import { pageQuery } from "./pages";
import { SetList } from "./SetList";

export type Change = (part: Record<string, string>) => void;

/** The table of all sets of a run. What is chosen stands in the address; rows come from the server as one scrolls. */
export function Sets({ run }: { run: Shape["RunDetail"] }) {
  const { query: address, set } = useAddress();
  const chosen = address.toString();
  const asked = useMemo(() => {
    const query = new URLSearchParams(chosen);
    query.delete("opened");
    return servedQuery(query);
  }, [chosen]);
  const search = searchOf(asked).toString();
  const { data, error, isPlaceholderData } = useQuery({
    ...pageQuery(run.run_id, asked, 1),
    placeholderData: keepPreviousData,
  });
  const first = data as Shape["TradeSetPage"] | undefined;
  const change: Change = useCallback((part) => set(part, true), [set]);
  const order = orderOf(address);
  const sortBy = (part: Partial<Order>): void => change({ sort: sortText({ ...order, ...part }) });
  const path = `/api/runs/${encodeURIComponent(run.run_id)}/trade_sets`;
  return (
    <section id="sets" className="section" aria-labelledby="sets-title">
      <header className="section-head">
        <h2 id="sets-title">TradeSets</h2>
        <span className="export-pair no-print">
          <span className="quiet">save what is listed</span>
          <a href={download(path, searchOf(asked), "csv")} download aria-label="TradeSets: save as CSV">
            CSV
          </a>
          <a href={download(path, searchOf(asked), "json")} download aria-label="TradeSets with legs: save as JSON">
            JSON
          </a>
        </span>
      </header>
      <Filters address={address} facets={first?.facets} change={change} />
      {error ? (
        <Failure fault={error} />
      ) : (
        <>
          <p className="quiet" role="status">
            {first === undefined
              ? "Reading the sets."
              : isFiltered(address)
                ? `${exact(first.total)} of ${exact(run.num_sets)} sets`
                : `${exact(first.total)} sets`}
          </p>
          {first?.total === 0 && <p className="empty">No set matches these filters.</p>}
          {first !== undefined && first.total > 0 && (
            <div className="set-table" role="table" aria-label="TradeSets" aria-rowcount={first.total + 1}>
              <SetHeads selection={order} change={sortBy} />
              <SetList
                key={isPlaceholderData ? "before" : search}
                run_id={run.run_id}
                asked={asked}
                total={first.total}
                opened={address.get("opened") ?? ""}
                onOpen={(set_id) => change({ opened: set_id })}
              />
            </div>
          )}
        </>
      )}
    </section>
  );
}
