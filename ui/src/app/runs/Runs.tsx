import { keepPreviousData } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { api, download, type Shape } from "../../api/client";
import type { paths } from "../../api/schema";
import { Scroll } from "../../components/Scroll";
import { Signed } from "../../components/Signed";
import { useMoment } from "../../components/zone";
import { DASH, exact, inR, money, percent, words } from "../../model/format";
import { Failure } from "../Failure";

const PAGE_SIZE = 50;
const POLL = 2_000;
type Asked = NonNullable<paths["/api/runs"]["get"]["parameters"]["query"]>;

const MOVING = new Set(["queued", "running"]);

/** Every run that the store holds, the newest first. */
export function Runs() {
  const [query, setQuery] = useSearchParams();
  const page = Number(query.get("page") ?? "1") || 1;
  const asked: Asked = {
    q: query.get("q") ?? undefined,
    page,
    page_size: PAGE_SIZE,
    sort: (query.get("sort") ?? "-created_at") as Asked["sort"], // the server refuses what it does not know
  };
  const runs = api.useQuery(
    "get",
    "/api/runs",
    { params: { query: asked } },
    {
      placeholderData: keepPreviousData,
      refetchInterval: ({ state }) => (state.data?.items.some((run) => MOVING.has(run.status)) ? POLL : false),
    },
  );
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    if (name !== "page") next.delete("page");
    setQuery(next, { replace: name === "q" });
  };
  return (
    <>
      <header className="screen-head">
        <h1>Backtests</h1>
        <a href={download("/api/runs", query, "csv")} download>
          CSV
        </a>
        <a href={download("/api/runs", query, "json")} download>
          JSON
        </a>
      </header>
      <section className="section" aria-label="Runs">
        <input
          type="search"
          className="search"
          aria-label="Search runs"
          placeholder="Symbol, run or label"
          value={query.get("q") ?? ""}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
        {runs.error ? <Failure fault={runs.error} /> : <Rows page={runs.data} />}
        {runs.data && runs.data.total > PAGE_SIZE && (
          <nav className="pager" aria-label="Pages">
            <button type="button" disabled={page <= 1} onClick={() => set("page", String(page - 1))}>
              Newer
            </button>
            <span className="quiet">
              {exact((page - 1) * PAGE_SIZE + 1)} to {exact(Math.min(page * PAGE_SIZE, runs.data.total))} of{" "}
              {exact(runs.data.total)}
            </span>
            <button
              type="button"
              disabled={page * PAGE_SIZE >= runs.data.total}
              onClick={() => set("page", String(page + 1))}
            >
              Older
            </button>
          </nav>
        )}
      </section>
    </>
  );
}

function Rows({ page }: { page: Shape["RunPage"] | undefined }) {
  const at = useMoment();
  if (page === undefined) return <p className="quiet">Reading the runs.</p>;
  if (page.items.length === 0) return <p className="empty">No run matches. A backtest that you start appears here.</p>;
  return (
    <Scroll name="Runs">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            <th scope="col">Candles</th>
            <th scope="col" className="right">
              Sets
            </th>
            <th scope="col" className="right">
              Net P&amp;L
            </th>
            <th scope="col" className="right">
              Mean R
            </th>
            <th scope="col" className="right">
              Won
            </th>
            <th scope="col" className="right">
              Drawdown
            </th>
            <th scope="col">Made</th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((run) => (
            <tr key={run.run_id}>
              <th scope="row">
                <Link to={`/runs/${encodeURIComponent(run.run_id)}`}>{run.label ?? run.run_id}</Link>
              </th>
              <td>
                <Status run={run} />
              </td>
              <td>
                {run.symbols.join(", ") || DASH} <small>{run.timeframe ?? ""}</small>
              </td>
              <td className="right">{exact(run.num_sets)}</td>
              <td className="right">
                <Signed of={run.net_pnl}>{money(run.net_pnl, true)}</Signed>
              </td>
              <td className="right">{inR(run.net_r_mean)}</td>
              <td className="right">{percent(run.win_rate)}</td>
              <td className="right">{percent(run.max_drawdown)}</td>
              <td>{at(run.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Status({ run }: { run: Shape["RunSummary"] }) {
  const share = run.progress?.overall;
  return (
    <span className={`run-status ${run.status}`} title={run.error ?? undefined}>
      {words(run.status)}
      {run.status === "running" && share !== undefined && ` ${percent(share, 0)}`}
    </span>
  );
}
