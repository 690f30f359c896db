import { api, type Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { useMoment } from "../../components/zone";
import { Failure } from "../Failure";
import { commandOf, outcomeOf } from "./model";

const HEADS: Head[] = [
  { name: "What" },
  { name: "By", wide: true },
  { name: "When", wide: true },
  { name: "Outcome" },
];

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
        <Heads of={HEADS} />
        <tbody>
          {commands.map((one) => (
            <tr key={one.command_id}>
              <th scope="row">
                {commandOf(one)}
                <small className="narrow-only">
                  {" "}
                  {one.by}, {at(one.at)}
                </small>
              </th>
              <td className="wide-only">{one.by}</td>
              <td className="wide-only">{at(one.at)}</td>
              <td className={one.outcome === "refused" ? "wraps loss" : "wraps"}>{outcomeOf(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
