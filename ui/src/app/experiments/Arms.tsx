import type { Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { exact, inR } from "../../model/format";

/** What each arm changes, how many sets the hash gave it, and what it made of them. */
export function Arms({ one }: { one: Shape["ExperimentDetail"] }) {
  return (
    <Scroll name="Arms">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Arm</th>
            <th scope="col">Changes</th>
            <th scope="col" className="right">
              Weight
            </th>
            <th scope="col" className="right">
              Assigned
            </th>
            <th scope="col" className="right">
              Mean R, assigned
            </th>
            <th scope="col" className="right">
              Mean R, every set
            </th>
          </tr>
        </thead>
        <tbody>
          {one.results.map((arm) => (
            <tr key={arm.name}>
              <th scope="row">{arm.name}</th>
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
