import { exact, inR, percent } from "../model/format";
import { MEANINGS } from "../model/meanings";
import type { Metrics, Rung } from "../model/payload";
import { ShareBar } from "./Bar";
import { Scroll } from "./Scroll";
import { Term } from "./Term";

export function Rungs({ rungs, metrics }: { rungs: Rung[]; metrics: Metrics }) {
  const facts: [string, string, string][] = [
    ["Runner share", percent(metrics.runner_share ?? null), MEANINGS.runner_share],
    ["Break-even scratches", exact(metrics.breakeven_scratches ?? null), MEANINGS.breakeven_scratches],
    ["Exit efficiency", percent(metrics.exit_efficiency ?? null), MEANINGS.exit_efficiency],
    ["Whipsaws", exact(metrics.whipsaw_count ?? null), MEANINGS.whipsaw_count],
  ];
  if (rungs.length === 0) return <p className="quiet">No ladder was measured.</p>;
  return (
    <>
      <Scroll name="Rungs of the ladder">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Rung</th>
              <th scope="col">Level</th>
              <th scope="col" className="right">
                Hit, planned
              </th>
              <th scope="col" className="right">
                Hit rate
              </th>
              <th scope="col" className="bar-column">
                <span className="unseen">Hit rate as a bar</span>
              </th>
              <th scope="col" className="right">
                <Term meaning={MEANINGS.conditional_rate}>Given the last</Term>
              </th>
              <th scope="col" className="right">
                Mean R
              </th>
            </tr>
          </thead>
          <tbody>
            {rungs.map((rung) => (
              <tr key={rung.name}>
                <th scope="row">TP{rung.name}</th>
                <td>{levelsOf(rung)}</td>
                <td className="right">
                  {exact(rung.count)} of {exact(rung.planned)}
                </td>
                <td className="right">{percent(rung.hit_rate)}</td>
                <td className="bar-column">
                  <ShareBar share={rung.hit_rate} />
                </td>
                <td className="right">{percent(rung.conditional_rate)}</td>
                <td className="right">{inR(rung.mean_r)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <dl className="inline-facts">
        {facts.map(([name, value, meaning]) => (
          <div key={name}>
            <dt>
              <Term meaning={meaning}>{name}</Term>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Profiles differ in their levels: two are written out, more as their range. */
function levelsOf({ levels }: Rung): string {
  const [first, last] = [levels[0], levels.at(-1)];
  if (first === undefined || last === undefined) return "–";
  return levels.length > 2 ? `${exact(first)}–${exact(last)}R` : levels.map((level) => `${exact(level)}R`).join(", ");
}
