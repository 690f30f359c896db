import type { ReactNode } from "react";
import { api, type Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Term } from "../../components/Term";
import { useMoment } from "../../components/zone";
import { DASH, exact, inR, words } from "../../model/format";
import { type Order, type Position, type Rung, RUNGS, stopOf, trailOf } from "./model";

const RUNG_HEADS: Head[] = [
  { name: "Rung" },
  { name: "Price", right: true },
  { name: "R", right: true, wide: true },
  { name: "Quantity", right: true },
  { name: "Order", wide: true },
  { name: "State" },
];

const ORDER_HEADS: Head[] = [
  { name: "Order" },
  { name: "Type", wide: true },
  { name: "Side", wide: true },
  { name: "Price", right: true },
  { name: "Quantity", right: true },
  { name: "Filled", right: true, wide: true },
  { name: "State" },
  { name: "Client id", wide: true },
];

const STOPS: Record<string, string> = {
  "Disaster stop": "A stop for all of the position, further away than the plan’s: it stands first and stays last",
  "Covered by stops": "How much of the position stops at the venue would close",
  Life: "From flat to flat is one life; the count of those that the monitor has seen",
  "Looked after": "Whether the monitor places stops and exits for it, and by which policy",
};
const POLL = 2_000;

/** A position in full: its ladder, its stops, its orders at the venue, and the way out of it. */
export function Detail({ one, monitor, flatten }: { one: Position; monitor: Shape["Monitor"]; flatten: () => void }) {
  const may = monitor.alive && monitor.mode !== "shadow";
  return (
    <div className="position-detail">
      <div className="position-parts">
        <Ladder one={one} />
        <Stops one={one} />
      </div>
      <Orders of={one.key} symbol={one.symbol} />
      <div className="deeds">
        <button type="button" className="action danger" disabled={!may} onClick={flatten}>
          Flatten {one.symbol}
        </button>
        {!may && <span className="quiet">{monitor.alive ? "In shadow nothing is sent." : "No monitor runs that would do it."}</span>}
      </div>
    </div>
  );
}

function Ladder({ one }: { one: Position }) {
  const { plan } = one;
  if (plan === null) return <p className="quiet">No plan: only stops stand.</p>;
  return (
    <div>
      <h3>
        Ladder <small>{[plan.name, plan.profile === plan.name ? null : plan.profile, plan.source].filter(Boolean).join(", ")}</small>
      </h3>
      <Scroll name={`Ladder of ${one.symbol}`}>
        <table className="plain">
          <Heads of={RUNG_HEADS} />
          <tbody>
            {plan.rungs.map((rung) => (
              <RungRow key={`${rung.leg} ${rung.reason} ${rung.price}`} rung={rung} />
            ))}
            {plan.runner !== null && (
              <tr>
                <th scope="row">Runner</th>
                <td className="right">{exact(one.trail?.level ?? null)}</td>
                <td className="right wide-only">{DASH}</td>
                <td className="right">{plan.runner.quantity === null ? "what remains" : exact(plan.runner.quantity)}</td>
                <td className="wide-only">trail</td>
                <td>{words(plan.runner.state)}</td>
              </tr>
            )}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

function RungRow({ rung }: { rung: Rung }) {
  const partly = rung.state !== "filled" && rung.filled !== null && Number(rung.filled) > 0;
  return (
    <tr>
      <th scope="row">{words(rung.reason ?? String(rung.leg ?? ""))}</th>
      <td className="right">{exact(rung.price)}</td>
      <td className="right wide-only">{exact(rung.r_multiple)}</td>
      <td className="right">{exact(rung.quantity)}</td>
      <td className="wide-only">{rung.soft ? "limit" : "market"}</td>
      <td>
        <span className={`status ${rung.state}`}>{RUNGS[rung.state]}</span>
        {partly && <small> {exact(rung.filled)} filled</small>}
      </td>
    </tr>
  );
}

function Stops({ one }: { one: Position }) {
  const at = useMoment();
  const guarded = one.protection;
  const facts: [string, ReactNode][] = [
    ["Quantity", `${exact(one.quantity)}${one.r === null ? "" : `, ${inR(Number(one.r))}`}`],
    ["Entry", exact(one.entry_price)],
    ["Mark", exact(one.mark_price)],
    ["Stop", `${exact(one.stop_price)}${stopOf(one) ? `, ${stopOf(one)}` : ""}`],
    ["Trail", one.trail === null ? DASH : `${trailOf(one)}${one.trail.level === null ? "" : `, at ${exact(one.trail.level)}`}`],
    ["Disaster stop", `${exact(guarded?.disaster_price ?? null)}${guarded?.disaster_state ? `, ${words(guarded.disaster_state).toLowerCase()}` : ""}`],
    ["Covered by stops", guarded?.covered ? `${exact(guarded.covered)} of ${exact(one.quantity)}` : DASH],
    ["Open since", at(one.opened_at)],
    ["Life", one.epoch === null ? DASH : `number ${one.epoch} of this position`],
    ["Looked after", one.managed === false ? "no" : `policy ${words(one.policy)}`],
  ];
  if (one.target !== null)
    facts.push(["Coming down to", `${exact(one.target.quantity)}${one.target.cause ? `, by ${words(one.target.cause)}` : ""}`]);
  if (one.halted) facts.push(["Halted", one.halted === true ? "yes" : words(one.halted)]);
  return (
    <div>
      <h3>Stops</h3>
      <dl className="stop-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>
              <Term meaning={STOPS[name]}>{name}</Term>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Orders({ of, symbol }: { of: string; symbol: string }) {
  const asked = { params: { query: { key: of } } };
  const held = api.useQuery("get", "/api/orders", asked, { refetchInterval: POLL });
  const orders = (held.data as Shape["LiveOrderList"] | undefined)?.items ?? [];
  if (orders.length === 0) return <p className="quiet">{held.data === undefined ? "Reading the orders." : "No order rests."}</p>;
  return (
    <div>
      <h3>Orders</h3>
      <Scroll name={`Orders of ${symbol}`}>
        <table className="plain">
          <Heads of={ORDER_HEADS} />
          <tbody>
            {orders.map((order) => (
              <tr key={order.id}>
                <th scope="row">
                  {order.own === false ? "somebody else’s" : roleOf(order)}
                  <small className="narrow-only">
                    {" "}
                    <code>{order.id}</code>
                  </small>
                </th>
                <td className="wide-only">{words(order.kind).toLowerCase()}</td>
                <td className="wide-only">{order.side ?? DASH}</td>
                <td className="right">{exact(order.price)}</td>
                <td className="right">{order.close_position ? "all" : exact(order.quantity)}</td>
                <td className="right wide-only">{exact(order.filled)}</td>
                <td>{words(order.stage).toLowerCase()}</td>
                <td className="wide-only wraps">
                  <code>{order.id}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

const roleOf = ({ role, leg }: Order): string => (role === "take" && leg !== null ? `${words(role)} ${leg}` : words(role));
