import { useMemo, useState } from "react";
import { EquityChart } from "../charts/EquityChart";
import { ExcursionScatter } from "../charts/ExcursionScatter";
import { Histogram } from "../charts/Histogram";
import { usePalette } from "../charts/palette";
import { Ambiguity } from "../components/Ambiguity";
import { Colophon } from "../components/Colophon";
import { ExitTable } from "../components/Exits";
import { Masthead } from "../components/Masthead";
import { Months } from "../components/Months";
import { Rungs } from "../components/Rungs";
import { Section } from "../components/Section";
import { Sets } from "../components/sets/Sets";
import { Switches } from "../components/Switches";
import { Tiles } from "../components/Tiles";
import { ZoneContext } from "../components/zone";
import type { Zone } from "../model/format";
import type { Payload } from "../model/payload";
import { exitTable, monthTable, rungTable } from "../model/tables";
import { furtherTiles, leadingTiles } from "../model/tiles";
import { useSelection } from "./useSelection";

const MOST_TARGET_LINES = 4;

export function ReportPage({ payload }: { payload: Payload }) {
  const [zone, setZone] = useState<Zone>("utc");
  const [selection, change] = useSelection();
  const palette = usePalette();
  const { run, metrics, exits, rungs, months, years, equity } = payload;
  const firstTargets = useMemo(() => (rungs[0]?.levels ?? []).slice(0, MOST_TARGET_LINES), [rungs]);
  const show = (id: string): void => {
    change({ search: id, opened: id });
    document.getElementById("sets")?.scrollIntoView();
  };
  return (
    <ZoneContext value={zone}>
      <a href="#sets-title" className="skip" onClick={skipTo("sets")}>
        Skip to the TradeSets
      </a>
      <main className="page">
        <Masthead run={run} switches={<Switches zone={zone} setZone={setZone} />} />
        <section className="section bare" aria-label="Measures">
          <Tiles leading tiles={leadingTiles(metrics)} />
          <Tiles tiles={furtherTiles(metrics, run.ambiguity?.share ?? null)} />
          <Ambiguity run={run} />
        </section>
        <Section id="equity" title="Equity and drawdown">
          {equity.time.length > 0 ? (
            <EquityChart equity={equity} palette={palette} zone={zone} />
          ) : (
            <p className="quiet">No equity was recorded.</p>
          )}
        </Section>
        <div className="two">
          <Section id="distribution" title="Results in R">
            {payload.r_histogram ? (
              <Histogram histogram={payload.r_histogram} />
            ) : (
              <p className="quiet">No set was closed.</p>
            )}
          </Section>
          <Section id="excursions" title="Excursions">
            <ExcursionScatter sets={payload.sets} firstTargets={firstTargets} onPick={show} />
          </Section>
        </div>
        <div className="two">
          <Section id="reasons" title="Exits by reason" table={() => exitTable("exit_reasons", exits.reasons)}>
            <ExitTable rows={exits.reasons} of="Reason" />
          </Section>
          <div className="stack">
            <Section
              id="categories"
              title="Exits by category"
              table={() => exitTable("exit_categories", exits.categories)}
            >
              <ExitTable rows={exits.categories} of="Category" />
            </Section>
            <Section id="rungs" title="The ladder" table={() => rungTable(rungs)}>
              <Rungs rungs={rungs} metrics={metrics} />
            </Section>
          </div>
        </div>
        <Section id="months" title="Months" table={() => monthTable(months)}>
          <Months months={months} years={years} />
        </Section>
        <Sets payload={payload} selection={selection} change={change} />
        <Colophon run={run} />
      </main>
    </ZoneContext>
  );
}

/** The address holds the filters, so a jump inside the page must not change it. */
function skipTo(id: string) {
  return (event: { preventDefault: () => void }): void => {
    event.preventDefault();
    const target = document.getElementById(id);
    target?.scrollIntoView();
    target?.querySelector<HTMLElement>("input, button")?.focus();
  };
}
