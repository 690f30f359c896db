import { Fragment, useState } from "react";
import type { Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Signed } from "../../components/Signed";
import { brief, decimals, exact, money } from "../../model/format";
import { useAddress } from "../address";
import { Detail } from "./Detail";
import { Flatten } from "./Flatten";
import { type Position, protectionOf, stopOf } from "./model";

const HEADS: Head[] = [
  { name: "Symbol" },
  { name: "Quantity", right: true, wide: true },
  { name: "Entry", right: true, wide: true },
  { name: "Mark", right: true, wide: true, meaning: "The venue’s price for profit and loss" },
  { name: "P&L", right: true },
  { name: "R", right: true, wide: true, meaning: "Result so far in R: the risk at opening is 1 R" },
  { name: "Protection", meaning: "Whether stops at the venue cover all of the position" },
  { name: "Stop", right: true, wide: true },
];

type Props = { positions: readonly Position[]; monitor: Shape["Monitor"] };

/** The dialog is no part of a row: it tells what became of it after the row is gone. */
export function Positions({ positions, monitor }: Props) {
  const [leaving, setLeaving] = useState<Position | null>(null);
  return (
    <>
      <Rows positions={positions} monitor={monitor} flatten={setLeaving} />
      {leaving && <Flatten position={leaving.key} name={`${leaving.symbol} ${leaving.side}`} close={() => setLeaving(null)} />}
    </>
  );
}

/** One row a position; which rows are open stands in the address. */
function Rows({ positions, monitor, flatten }: Props & { flatten: (one: Position) => void }) {
  const address = useAddress();
  const open = new Set(address.all("open"));
  if (positions.length === 0)
    return <p className="empty">{monitor.alive ? "Nothing is open. A position that the monitor sees appears here." : "Nothing was open."}</p>;
  const toggle = (key: string): void => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    address.set({ open: [...next] }, true);
  };
  return (
    <Scroll name="Positions">
      <table className="plain positions">
        <Heads of={HEADS} />
        <tbody>
          {positions.map((one) => (
            <Fragment key={one.key}>
              <Row one={one} open={open.has(one.key)} toggle={() => toggle(one.key)} />
              {open.has(one.key) && (
                <tr className="detail-row">
                  <td colSpan={8}>
                    <Detail one={one} monitor={monitor} flatten={() => flatten(one)} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ one, open, toggle }: { one: Position; open: boolean; toggle: () => void }) {
  const { word, tone } = protectionOf(one);
  return (
    <tr className="position">
      <th scope="row">
        <span className="symbol">
        <button type="button" className="toggle" aria-expanded={open} aria-label={`${one.symbol} ${one.side}: plan and orders`} onClick={toggle}>
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path d="M3 1l4 4-4 4" />
          </svg>
        </button>
        <span className="named">
          <b>{one.symbol}</b>
          <small className={`side ${one.side}`}>
            {one.side === "long" ? "▲" : "▼"} {one.side}
            <span className="narrow-only"> {brief(one.quantity, 4)}</span>
          </small>
        </span>
        </span>
      </th>
      <td className="right wide-only">{exact(one.quantity)}</td>
      <td className="right wide-only">{exact(one.entry_price)}</td>
      <td className="right wide-only">{exact(one.mark_price)}</td>
      <td className="right">
        <Signed of={one.unrealized_pnl}>{money(one.unrealized_pnl, true)}</Signed>
      </td>
      <td className="right wide-only">
        <Signed of={one.r}>{decimals(one.r, 2, true)}</Signed>
      </td>
      <td>
        <span className={`tone ${tone}`}>{word}</span>
      </td>
      <td className="right wide-only">
        {exact(one.stop_price)}
        {stopOf(one) && <small className="under"> {stopOf(one)}</small>}
      </td>
    </tr>
  );
}
