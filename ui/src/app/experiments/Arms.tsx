import type { Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { exact, inR } from "../../model/format";

const HEADS: Head[] = [
  { name: "Arm" },
  { name: "Changes" },
  { name: "Weight", right: true, meaning: "Its part of the sets, against the other arm’s" },
  { name: "Assigned", right: true, meaning: "Sets that the hash of their entry gave to this arm" },
  { name: "Mean R, assigned", right: true, meaning: "Mean net result in R of the sets that were assigned to it" },
  { name: "Mean R, every set", right: true, meaning: "Mean net result in R of all sets, replayed under this arm" },
];

/** What each arm changes, how many sets the hash gave it, and what it made of them. */
export function Arms({ one }: { one: Shape["ExperimentDetail"] }) {
  return (
    <Scroll name="Arms">
      <table className="plain">
        <Heads of={HEADS} />
        <tbody>
          {one.results.map((arm) => (
            <tr key={arm.name}>
              <th scope="row" className="whole">{arm.name}</th>
              <td className="told">{changes(arm.changes)}</td>
              <td className="right">{exact(arm.weight)}</td>
              <td className="right">{exact(arm.num_assigned)}</td>
              <td className="right">{inR(arm.net_r_assigned_mean)}</td>
              <td className="right">{inR(arm.net_r_mean)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function changes(of: Record<string, unknown>): string {
  const parts = Object.entries(of).map(([part, value]) => {
    const told = typeof value === "string" ? value.trim() : JSON.stringify(value);
    return part === "rewrite" ? told.replaceAll("_", " ") : `${part}: ${told}`;
  });
  return parts.length > 0 ? parts.join("; ") : "nothing, the run as it was";
}
