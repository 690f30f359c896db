import { Link, useParams } from "react-router";
import { api, client, type Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Section } from "../../components/Section";
import { useMoment } from "../../components/zone";
import { decimals, exact, inR, money, percent, words } from "../../model/format";
import { MEANINGS } from "../../model/meanings";
import { Failure } from "../Failure";
import "./compare.css";
import { Forest } from "./Forest";
import { pairsOfPolicies } from "./model";

const POLL = 800;
const MOVING = new Set(["queued", "running"]);

/** A comparison of policies: its progress while it runs, then figures and paired differences. */
export function PolicyResult() {
  const { runId = "" } = useParams();
  const path = { path: { run_id: runId } };
  const run = api.useQuery(
    "get",
    "/api/runs/{run_id}",
    { params: path },
    { refetchInterval: ({ state }) => (state.data && MOVING.has(state.data.status) ? POLL : false) },
  );
  const done = run.data?.status === "done";
  const told = api.useQuery("get", "/api/compare/{run_id}", { params: path }, { enabled: done });
  return (
    <>
      <header className="screen-head">
        <h1>{run.data?.label ?? "Comparison of policies"}</h1>
        <Link to="/compare/policies">All comparisons</Link>
      </header>
      {run.error && <Failure fault={run.error} />}
      {run.data && !done && <Progress run={run.data} />}
      {told.error && <Failure fault={told.error} />}
      {told.data && <Told told={told.data} />}
    </>
  );
}

function Progress({ run }: { run: Shape["RunDetail"] }) {
  const moving = MOVING.has(run.status);
  return (
    <section className="section" aria-labelledby="progress-title">
      <header className="section-head">
        <h2 id="progress-title">{words(run.status)}</h2>
        {moving && (
          <button
            type="button"
            className="plain-button"
            onClick={() => void client.POST("/api/runs/{run_id}/cancel", { params: { path: { run_id: run.run_id } } })}
          >
            Cancel
          </button>
        )}
      </header>
      {moving && (
        <progress className="progress-bar" aria-label="Progress" value={run.progress?.overall ?? 0} max={1} />
      )}
      <p className="quiet" role="status">
        {moving
          ? `${percent(run.progress?.overall ?? 0, 0)}, ${words(run.progress?.stage ?? run.status)}${run.progress?.detail ? `: ${run.progress.detail}` : ""}`
          : (run.error ?? "It has no results.")}
      </p>
    </section>
  );
}

function Told({ told }: { told: Shape["PolicyComparison"] }) {
  const at = useMoment();
  const pairs = pairsOfPolicies(told.pairs);
  return (
    <>
      <p className="span">
        {told.symbols.join(", ")} {told.timeframe}, {at(told.start)} to {at(told.end)}, {exact(told.bars)} bars,{" "}
        {exact(told.num_entries)} entries
      </p>
      <Section id="policies" title="Policies">
        <Scroll name="Table of policies">
          <table className="plain">
            <Heads of={HEADS} />
            <tbody>
              {told.policies.map((row) => (
                <tr key={String(row.name)}>
                  <th scope="row">{String(row.name)}</th>
                  {cellsOf(row).map((cell, index) => (
                    <td key={HEADS[index + 1]?.name} className="right">
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Section>
      <Section
        id="pairs"
        title="Paired differences"
        lead="The same entry under each policy, in R per set; dot and 95% interval. Right of 0 the first of a pair did better."
      >
        <Forest pairs={pairs} names={new Map()} />
        {told.notes.length > 0 && (
          <details className="notes">
            <summary>Notes</summary>
            <ul>
              {[...told.warnings, ...told.notes].map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </details>
        )}
      </Section>
    </>
  );
}

const HEADS: Head[] = [
  { name: "Policy" },
  { name: "Net P&L", right: true, meaning: MEANINGS.net_pnl },
  { name: "Mean R", right: true, meaning: MEANINGS.net_r_mean },
  { name: "95% interval", right: true, meaning: MEANINGS.interval },
  { name: "Won", right: true, meaning: MEANINGS.win_rate },
  { name: "Drawdown", right: true, meaning: MEANINGS.max_drawdown },
  { name: "Sets", right: true, meaning: MEANINGS.num_sets },
  { name: "Whipsaws", right: true, meaning: MEANINGS.whipsaw_count },
  { name: "Fees", right: true, meaning: MEANINGS.fees_total },
];

function cellsOf(row: Record<string, unknown>): string[] {
  const of = (name: string): number | null => (typeof row[name] === "number" ? row[name] : null);
  return [
    money(of("net_pnl"), true),
    inR(of("expectancy_r")),
    `${decimals(of("expectancy_r_low"), 2, true)} to ${decimals(of("expectancy_r_high"), 2, true)}`,
    percent(of("win_rate")),
    percent(of("max_drawdown"), 2),
    exact(of("num_sets")),
    exact(of("whipsaw_count")),
    money(of("fees_total")),
  ];
}
