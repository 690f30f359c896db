import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Term } from "../../components/Term";
import { useMoment } from "../../components/zone";
import { decimals, DASH, inR } from "../../model/format";
import { MEANINGS } from "../../model/meanings";
import { type Detail, GATE_MEANINGS, GATES, gateWord, measured, windows } from "./model";

const HEADS: Head[] = [
  { name: "Gate" },
  { name: "From" },
  { name: "To" },
  { name: "Sets", right: true, meaning: MEANINGS.num_sets },
  { name: "Mean", right: true, meaning: MEANINGS.net_r_mean },
  { name: "Drawdown", right: true, meaning: MEANINGS.max_drawdown },
  { name: "Exits" },
];

/** Each gate in order, what it said and what it measured. */
export function Gates({ one }: { one: Detail }) {
  const at = useMoment();
  return (
    <>
      <ol className="gate-list">
        {one.gates.map((gate) => (
          <li key={gate.gate}>
            <span>
              <Term meaning={GATE_MEANINGS[gate.gate]}>{GATES[gate.gate]}</Term>
            </span>
            <span className={gateWord(gate)}>{gateWord(gate)}</span>
            <span className="measured quiet">{measured(gate)}</span>
          </li>
        ))}
      </ol>
      {one.steps.length > 0 && (
        <ol className="steps-taken">
          {one.steps.map((step) => (
            <li key={step.time}>
              {at(step.time)}: {step.before} to {step.after}, by {step.operator}
              {step.note && `: ${step.note}`}
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

/** What the plan did in each window that it was run over. */
export function Evidence({ one }: { one: Detail }) {
  const at = useMoment();
  const rows = windows(one.gates);
  if (rows.length === 0) return <p className="empty">It was not run yet.</p>;
  return (
    <Scroll name="Windows">
      <table className="plain">
        <Heads of={HEADS} />
        <tbody>
          {rows.map(({ gate, window }) => (
            <tr key={`${gate} ${window.start}`}>
              <th scope="row">{gate}</th>
              <td>{at(window.start)}</td>
              <td>{at(window.end)}</td>
              <td className="right">{window.sets}</td>
              <td className="right">{inR(window.mean)}</td>
              <td className="right">{window.drawdown === null ? DASH : `${decimals(window.drawdown, 1)}%`}</td>
              <td>{window.exits}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
