import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, download, type Shape } from "../../api/client";
import type { paths } from "../../api/schema";
import { exact, words } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { MOVING } from "../useProgress";
import { RunTable } from "./RunTable";

const PAGE_SIZE = 50;
const POLL = 2_000;
const PAUSE = 250;
const STATUSES = ["queued", "running", "done", "failed", "cancelled", "interrupted"];
type Asked = NonNullable<paths["/api/runs"]["get"]["parameters"]["query"]>;
type Change = (name: string, value: string) => void;

/** Every run that the store holds, the newest first. */
export function Runs() {
  const { query, set } = useAddress();
  const page = Number(query.get("page") ?? "1") || 1;
  const sort = query.get("sort") ?? "-created_at";
  // The server refuses what it does not know; its words are then shown.
  const asked = {
    q: query.get("q") ?? undefined,
    status: query.getAll("status"),
    symbol: query.get("symbol") ?? undefined,
    page,
    page_size: PAGE_SIZE,
    sort,
  } as Asked;
  const runs = api.useQuery(
    "get",
    "/api/runs",
    { params: { query: asked } },
    {
      placeholderData: keepPreviousData,
      refetchInterval: ({ state }) => (state.data?.items.some((run) => MOVING.has(run.status)) ? POLL : false),
    },
  );
  const change: Change = (name, value) => set({ page: "", [name]: value }, name === "q" || name === "symbol");
  return (
    <>
      <header className="screen-head">
        <h1>Backtests</h1>
        <span className="spacer" />
        <a href={download("/api/runs", query, "csv")} download>
          CSV
        </a>
        <a href={download("/api/runs", query, "json")} download>
          JSON
        </a>
        <Link to="/runs/new" className="action">
          Start a run
        </Link>
      </header>
      <section className="section" aria-label="Runs">
        <Filters query={query} change={change} runs={runs.data} />
        {runs.error ? (
          <Failure fault={runs.error} />
        ) : (
          <Listed page={runs.data} sort={sort} sortBy={(next) => change("sort", next)} />
        )}
        {runs.data && runs.data.total > PAGE_SIZE && (
          <Pager page={page} total={runs.data.total} go={(next) => change("page", String(next))} />
        )}
      </section>
    </>
  );
}

function Filters({ query, change, runs }: { query: URLSearchParams; change: Change; runs: Shape["RunPage"] | undefined }) {
  const later = useDebouncedCallback(change, PAUSE);
  const counts = new Map((runs?.facets.status ?? []).map(({ value, count }) => [value, count]));
  const symbols = [...new Set(runs?.items.flatMap((run) => run.symbols))].toSorted();
  return (
    <div className="run-filters" role="search" aria-label="Filter the runs">
      <TextInput
        size="xs"
        type="search"
        aria-label="Search runs"
        placeholder="Search label, run or file"
        defaultValue={query.get("q") ?? ""}
        onChange={(event) => later("q", event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        aria-label="Status"
        value={query.get("status") ?? ""}
        onChange={(event) => change("status", event.currentTarget.value)}
        data={[
          { value: "", label: "Any status" },
          ...STATUSES.map((value) => ({
            value,
            label: counts.has(value) ? `${words(value)} (${counts.get(value)})` : words(value),
          })),
        ]}
      />
      <TextInput
        size="xs"
        aria-label="Symbol"
        placeholder="Symbol"
        list="run-symbols"
        defaultValue={query.get("symbol") ?? ""}
        onChange={(event) => later("symbol", event.currentTarget.value.trim())}
      />
      <datalist id="run-symbols">
        {symbols.map((symbol) => (
          <option key={symbol} value={symbol}>
            {symbol}
          </option>
        ))}
      </datalist>
    </div>
  );
}

type ListedProps = { page: Shape["RunPage"] | undefined; sort: string; sortBy: (sort: string) => void };

function Listed({ page, sort, sortBy }: ListedProps) {
  if (page === undefined) return <p className="quiet">Reading the runs.</p>;
  if (page.items.length === 0) return <p className="empty">No run matches. A backtest that you start appears here.</p>;
  return <RunTable runs={page.items} sort={sort} sortBy={sortBy} />;
}

function Pager({ page, total, go }: { page: number; total: number; go: (page: number) => void }) {
  return (
    <nav className="pager" aria-label="Pages">
      <button type="button" disabled={page <= 1} onClick={() => go(page - 1)}>
        Before
      </button>
      <span className="quiet">
        {exact((page - 1) * PAGE_SIZE + 1)} to {exact(Math.min(page * PAGE_SIZE, total))} of {exact(total)}
      </span>
      <button type="button" disabled={page * PAGE_SIZE >= total} onClick={() => go(page + 1)}>
        After
      </button>
    </nav>
  );
}
