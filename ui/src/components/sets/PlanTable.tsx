import { exact, words } from "../../model/format";
import type { Plan, PlanLeg } from "../../model/payload";
import { useMoment } from "../zone";
import { type Head, Heads } from "../Heads";
import { Scroll } from "../Scroll";

const HEADS: Head[] = [
  { name: "Leg" },
  { name: "Order" },
  { name: "R", right: true },
  { name: "Price", right: true },
  { name: "Quantity", right: true },
  { name: "Status" },
];

export function PlanTable({ plan, of }: { plan: Plan; of: string }) {
  const at = useMoment();
  return (
    <Scroll name={`Exit plan of ${of}`}>
      <table className="plain legs">
        <caption>Exit plan</caption>
        <Heads of={HEADS} />
        <tbody>
          {plan.legs.map((leg) => (
            <tr key={`${leg.kind}-${leg.index}-${leg.price}`}>
              <th scope="row">{nameOf(leg)}</th>
              <td>{leg.order?.toLowerCase() ?? "–"}</td>
              <td className="right">{exact(leg.r)}</td>
              <td className="right">{exact(leg.price)}</td>
              <td className="right">{leg.qty === null ? "what remains" : exact(leg.qty)}</td>
              <td>
                <span className={`status ${leg.status} ${leg.kind === "SL" ? "stop" : ""}`} title={leg.filled_at === null ? undefined : at(leg.filled_at)}>
                  {leg.status === "unhit" ? "not hit" : leg.status}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {plan.notes.length > 0 && (
        <ul className="quiet plan-notes">
          {plan.notes.map((note) => (
            <li key={note}>{words(note)}</li>
          ))}
        </ul>
      )}
    </Scroll>
  );
}

function nameOf(leg: PlanLeg): string {
  if (leg.kind === "TP") return `TP${leg.index ?? ""}`;
  return leg.kind === "SL" ? "stop" : leg.kind === "TRAIL" ? "trail" : leg.kind.toLowerCase();
}
