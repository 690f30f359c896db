import type { Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { Term } from "../../components/Term";
import type { Table } from "../../model/export";
import { MEANINGS } from "../../model/meanings";
import { deltaOf, type Figure, FIGURES, styleOf } from "./model";
import { Stroke } from "./Stroke";

type Run = Pick<Shape["ComparedRun"], "run_id" | "metrics">;
type Props = { runs: readonly Run[]; names: ReadonlyMap<string, string> };

export function figureTable(runs: readonly Run[]): Table {
  return {
    name: "compared_figures",
    columns: ["figure", ...runs.map(({ run_id }) => run_id)],
    rows: FIGURES.map(({ key }) => [key, ...runs.map(({ metrics }) => metrics[key] ?? null)]),
  };
}

export function Figures({ runs, names }: Props) {
  return (
    <Scroll name="Figures side by side">
      <table className="plain figures">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            {runs.map(({ run_id }, place) => (
              <th key={run_id} scope="col" className={place === 0 ? "right reference" : "right"}>
                <Stroke {...styleOf(place)} /> {names.get(run_id) ?? run_id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {FIGURES.map((figure) => (
            <tr key={figure.key}>
              <th scope="row">
                <Term meaning={MEANINGS[figure.key]}>{figure.name}</Term>
              </th>
              {runs.map((run, place) => (
                <td key={run.run_id} className={place === 0 ? "right reference" : "right"}>
                  <Cell figure={figure} value={of(run, figure)} reference={place === 0 ? null : of(runs[0], figure)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const of = (run: Run | undefined, figure: Figure): number | null => run?.metrics[figure.key] ?? null;

function Cell({ figure, value, reference }: { figure: Figure; value: number | null; reference: number | null }) {
  const delta = deltaOf(figure, value, reference);
  return (
    <>
      {figure.write(value)}
      {delta && (
        <span className={`delta ${delta.kind}`}>
          {delta.value === 0 ? "the same" : figure.write(delta.value, true)}
          {delta.kind !== "same" && <span className="unseen">, {delta.kind}</span>}
        </span>
      )}
    </>
  );
}
