import { keepPreviousData } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { useSearchParams } from "react-router";
import { api, type Shape } from "../../api/client";
import { Ambiguity } from "../../components/Ambiguity";
import { ExitTable } from "../../components/Exits";
import { Histogram } from "../../charts/Histogram";
import { Months } from "../../components/Months";
import { Rungs } from "../../components/Rungs";
import { Section } from "../../components/Section";
import { Tiles } from "../../components/Tiles";
import { decodeResults } from "../../model/payload";
import { exitTable, monthTable, rungTable } from "../../model/tables";
import { furtherTiles, leadingTiles } from "../../model/tiles";
import { Failure } from "../Failure";
import { Curves } from "./Curves";
import { Excursions } from "./Excursions";
import { Facts } from "./Facts";
import { Files } from "./Files";
import { Warnings } from "./Warnings";

const Sets = lazy(async () => ({ default: (await import("./sets/Sets")).Sets }));

/** What came out of a run, as the report shows it, with the whole table of its sets asked from the server. */
export function Finished({ run }: { run: Shape["RunDetail"] }) {
  return (
    <>
      <Results run={run} />
      <Suspense fallback={<p className="quiet">Reading the sets.</p>}>
        <Sets run={run} />
      </Suspense>
    </>
  );
}

/** Of a large run that was imported they are reckoned when they are first asked for; the table does not wait for them. */
function Results({ run }: { run: Shape["RunDetail"] }) {
  const path = { run_id: run.run_id };
  const asked = api.useQuery(
    "get",
    "/api/runs/{run_id}/results",
    { params: { path } },
    { placeholderData: keepPreviousData, staleTime: Infinity },
  );
  const results = useMemo(() => asked.data && decodeResults(asked.data, "results"), [asked.data]);
  const [, setQuery] = useSearchParams();
  if (asked.error) return <Failure fault={asked.error} />;
  if (results === undefined) return <p className="quiet">Reading the results.</p>;
  const { metrics, exits, rungs, months, years } = results;
  const show = (set_id: string): void => {
    setQuery({ q: set_id, opened: set_id });
    jumpTo("sets");
  };
  return (
    <>
      <Warnings run={results.run} />
      <nav className="jumps no-print" aria-label="On this page">
        {PARTS.map(([id, name]) => (
          <button key={id} type="button" className="link" onClick={() => jumpTo(id)}>
            {name}
          </button>
        ))}
      </nav>
      <section className="section bare" aria-label="Measures">
        <Tiles leading tiles={leadingTiles(metrics)} />
        <Tiles tiles={furtherTiles(metrics, results.run.ambiguity?.share ?? null)} />
        <Ambiguity run={results.run} />
      </section>
      <Section id="equity" title="Equity and drawdown">
        <Curves run_id={run.run_id} />
      </Section>
      <div className="two">
        <Section id="reasons" title="Exits by reason" table={() => exitTable("exit_reasons", exits.reasons)}>
          <ExitTable rows={exits.reasons} of="Reason" />
        </Section>
        <div className="stack">
          <Section id="categories" title="Exits by category" table={() => exitTable("exit_categories", exits.categories)}>
            <ExitTable rows={exits.categories} of="Category" />
          </Section>
          <Section id="rungs" title="The ladder" table={() => rungTable(rungs)}>
            <Rungs rungs={rungs} metrics={metrics} />
          </Section>
        </div>
      </div>
      <div className="two">
        <Section id="distribution" title="Results in R">
          {results.r_histogram ? (
            <Histogram histogram={results.r_histogram} />
          ) : (
            <p className="quiet">No set was closed.</p>
          )}
        </Section>
        <Section id="excursions" title="Excursions">
          <Excursions run_id={run.run_id} rungs={rungs} onPick={show} />
        </Section>
      </div>
      <Section id="months" title="Months" table={() => monthTable(months)}>
        <Months months={months} years={years} />
      </Section>
      <div className="two">
        <Section id="facts" title="How it was run">
          <Facts run={results.run} detail={run} />
        </Section>
        <Section id="files" title="Files">
          <Files run={run} />
        </Section>
      </div>
    </>
  );
}

const PARTS = [
  ["sets", "TradeSets"],
  ["equity", "Equity"],
  ["reasons", "Exits"],
  ["rungs", "Ladder"],
  ["distribution", "Results in R"],
  ["months", "Months"],
  ["facts", "Inputs"],
  ["files", "Files"],
] as const;

/** The address holds the filters, so a jump leaves it as it is. */
function jumpTo(id: string): void {
  const target = document.getElementById(id);
  target?.scrollIntoView();
  target?.querySelector<HTMLElement>("input, button, a, summary")?.focus({ preventScroll: true });
}
