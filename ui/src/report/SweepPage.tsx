import { useState } from "react";
import { HeatMap } from "../charts/HeatMap";
import { ParetoPlot } from "../charts/ParetoPlot";
import { Mark } from "../components/Mark";
import { Scroll } from "../components/Scroll";
import { Section } from "../components/Section";
import { Switches } from "../components/Switches";
import { Tiles } from "../components/Tiles";
import { useMoment, ZoneContext } from "../components/zone";
import { brief, DASH, decimals, exact, percent, type Zone } from "../model/format";
import type { Judged, SweepPayload, Value } from "../model/sweep";

export function SweepPage({ payload }: { payload: SweepPayload }) {
  const [zone, setZone] = useState<Zone>("utc");
  const { maps, front, judged, objective } = payload;
  const first = objective[0];
  return (
    <ZoneContext value={zone}>
      <main className="page">
        <Head payload={payload} switches={<Switches zone={zone} setZone={setZone} />} />
        {judged && <Verdict judged={judged} />}
        {front && (
          <Section id="front" title="What no other beats">
            <ParetoPlot front={front} winner={judged?.winner ?? null} />
          </Section>
        )}
        {first && maps.length > 0 && (
          <Section id="maps" title={`${first.name}, key by key`}>
            <p className="quiet">A lone good cell among bad neighbours is seldom one that lasts.</p>
            <div className="two">
              {maps.map((map) => (
                <HeatMap key={`${map.x} ${map.y}`} map={map} objective={first.name} direction={first.direction} />
              ))}
            </div>
          </Section>
        )}
        <Best payload={payload} />
        {judged && <Folds judged={judged} />}
        <footer className="colophon">
          <details>
            <summary>Inputs</summary>
            <ul>
              {payload.sweep.inputs.map((input) => (
                <li key={`${input.role}-${input.name}`}>
                  {input.role}: {input.name} <code>{input.sha256}</code>
                </li>
              ))}
            </ul>
          </details>
          <p>
            Exit Brain {payload.sweep.version}, sweep {payload.sweep.sweep_id}, seed {payload.sweep.seed}. Simulated
            results; they are no promise.
          </p>
        </footer>
      </main>
    </ZoneContext>
  );
}

function Head({ payload, switches }: { payload: SweepPayload; switches: React.ReactNode }) {
  const at = useMoment();
  const { sweep, objective } = payload;
  return (
    <header className="masthead">
      <div className="masthead-top">
        <p className="brand">
          <Mark /> Exit Brain
        </p>
        {switches}
      </div>
      <h1>{sweep.symbols.join(", ")}</h1>
      <p className="span">
        {sweep.timeframe} bars · {at(sweep.start)} to {at(sweep.end)} · {exact(sweep.bars)} bars
      </p>
      <p className="lead">
        {exact(sweep.num_configurations - sweep.num_left_out)} configurations by {sweep.method}, ranked by{" "}
        {objective.map((one) => one.name).join(" then ")}.
        {sweep.num_left_out > 0 && ` ${exact(sweep.num_left_out)} were left out, because no file could say them.`}
      </p>
      {[...sweep.warnings, ...sweep.notes].length > 0 && (
        <details className="notes">
          <summary>Notes</summary>
          <ul>
            {[...sweep.warnings, ...sweep.notes, ...sweep.left_out.map((one) => `${one.reason} (${one.count})`)].map(
              (line) => (
                <li key={line}>{line}</li>
              ),
            )}
          </ul>
        </details>
      )}
    </header>
  );
}

function Verdict({ judged }: { judged: Judged }) {
  const { evidence, walk_forward: outside, cpcv } = judged;
  const between = (name: string): string =>
    `${decimals(outside[`${name}_low`] ?? null)} to ${decimals(outside[`${name}_high`] ?? null)}`;
  return (
    <section className="section bare judgement" aria-label="Verdict">
      <p className="callout" role="note">
        <strong>{judged.verdict}</strong>
      </p>
      <Tiles
        tiles={[
          {
            name: "Deflated Sharpe ratio",
            value: decimals(evidence.deflated_sharpe),
            under: `sure from 0.95, of ${exact(evidence.num_trials)} trials`,
            meaning: "Probability that the Sharpe ratio is above what the best of as many worthless ones would show",
          },
          {
            name: "Overfitting (PBO)",
            value: percent(evidence.overfitting),
            under: "50% is chance",
            meaning: "How often the best of one half of the days lies below the median in the other",
          },
          {
            name: "Superior ability (SPA)",
            value: decimals(evidence.superior_p),
            under: "p-value, sure below 0.05",
            meaning: "Probability of so large a lead over the base if nothing were better",
          },
          {
            name: "Walk-forward, R a set",
            value: decimals(outside["net_r_mean"] ?? null, 2, true),
            under: between("net_r_mean"),
            meaning: "What was best on earlier days, applied to later ones",
          },
          {
            name: "Beside the base, R a day",
            value: decimals(outside["difference_r_day"] ?? null, 2, true),
            under: between("difference_r_day"),
            meaning: "The same less what the base made on those days",
          },
          {
            name: "Combinatorial splits",
            value: percent(cpcv["share_better"] ?? null, 0),
            under: `of ${exact(cpcv["num_folds"] ?? null)} better than the base`,
            meaning: "How often what was chosen on the other groups of days beat the base in the test",
          },
        ]}
      />
    </section>
  );
}

function Best({ payload }: { payload: SweepPayload }) {
  const { columns, rows, on_front: onFront } = payload;
  const named = (): { name: string; columns: string[]; rows: Value[][] } => ({ name: "configurations", columns, rows });
  return (
    <Section id="best" title={rows.length === 1 ? "The configuration" : `The best ${rows.length}`} table={named}>
      <Scroll name="The best configurations">
        <table className="plain">
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col" className="right">
                  {name}
                </th>
              ))}
              <th scope="col">Front</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={String(row[0])}>
                {row.map((cell, column) => (
                  <td key={columns[column]} className="right">
                    {typeof cell === "number" ? measure(cell) : cell === null ? DASH : String(cell)}
                  </td>
                ))}
                <td>{onFront[place] ? "yes" : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

/** Counts whole, the rest to four digits: more would be of no help in choosing. */
function measure(value: number | null): string {
  return brief(value, value !== null && Number.isInteger(value) ? 12 : 4);
}

const KINDS: Record<string, string> = { walk_forward: "walk-forward", cpcv: "combinatorial" };

function Folds({ judged }: { judged: Judged }) {
  return (
    <Section id="folds" title="Chosen on some days, judged on others">
      <Scroll name="Folds">
        <table className="plain">
          <thead>
            <tr>
              {["Split", "Test days", "Configuration", "Chosen at", "In the test", "Base in the test"].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {judged.folds.map((fold, place) => (
              <tr key={place}>
                <td>{KINDS[fold.kind] ?? fold.kind}</td>
                <td>{fold.test.map((days) => days.join(" to ")).join(", ")}</td>
                <td className="right">{fold.configuration}</td>
                <td className="right">{measure(fold.train_score)}</td>
                <td className="right">{measure(fold.test_score)}</td>
                <td className="right">{measure(fold.base_test_score)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}
