import { api, type Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { useMoment } from "../../components/zone";
import { Failure } from "../Failure";
import { commandOf, outcomeOf } from "./model";

const POLL = 3_000;

/** What operators asked, on every way in, and what became of it. */
export function Asked() {
  const at = useMoment();
  const held = api.useQuery("get", "/api/commands", { params: { query: { limit: 50 } } }, { refetchInterval: POLL });
  if (held.error) return <Failure fault={held.error} />;
  const commands = (held.data as Shape["CommandList"] | undefined)?.items ?? [];
  if (commands.length === 0) return <p className="quiet">Nothing yet.</p>;
  return (
    <Scroll name="Asked of the monitor">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">By</th>
            <th scope="col">When</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {commands.map((one) => (
            <tr key={one.command_id}>
              <th scope="row">{commandOf(one)}</th>
              <td>{one.by}</td>
              <td>{at(one.at)}</td>
              <td className={one.outcome === "refused" ? "loss" : undefined}>{outcomeOf(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
