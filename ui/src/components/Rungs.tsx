import { exact, inR, percent } from "../model/format";
import type { Metrics, Rung } from "../model/payload";
import { ShareBar } from "./Bar";
import { Scroll } from "./Scroll";

export function Rungs({ rungs, metrics }: { rungs: Rung[]; metrics: Metrics }) {
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
                Given the one before
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
                <td>{rung.levels.map((level) => `${exact(level)}R`).join(", ") || "–"}</td>
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
        <div>
          <dt>Runner share</dt>
          <dd>{percent(metrics.runner_share ?? null)}</dd>
        </div>
        <div>
          <dt>Break-even scratches</dt>
          <dd>{exact(metrics.breakeven_scratches ?? null)}</dd>
        </div>
      </dl>
    </>
  );
}
