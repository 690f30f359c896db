import { exact, money, words } from "../../model/format";
import type { TradeLeg } from "../../model/payload";
import { Signed } from "../Signed";
import { useMoment } from "../zone";
import { Scroll } from "../Scroll";

export function LegTable({ legs, of }: { legs: readonly TradeLeg[]; of: string }) {
  const at = useMoment();
  return (
    <Scroll name={`Trade legs of ${of}`}>
      <table className="plain legs">
        <caption>Trade legs</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Side</th>
            <th scope="col" className="right">
              Quantity
            </th>
            <th scope="col" className="right">
              Price
            </th>
            <th scope="col">Reason</th>
            <th scope="col">Category</th>
            <th scope="col" className="right">
              Fees
            </th>
            <th scope="col" className="right">
              P&amp;L
            </th>
            <th scope="col" className="right">
              Position after
            </th>
          </tr>
        </thead>
        <tbody>
          {legs.map((leg) => (
            <tr key={leg.leg_id}>
              <td>{at(leg.timestamp)}</td>
              <td>{leg.side}</td>
              <td className="right">{exact(leg.qty)}</td>
              <td className="right">{exact(leg.price)}</td>
              <td>{words(leg.reason)}</td>
              <td>{words(leg.category)}</td>
              <td className="right" title={exact(leg.fees)}>
                {money(leg.fees)}
              </td>
              <td className="right">
                {leg.is_entry ? (
                  <span className="quiet">entry</span>
                ) : (
                  <Signed of={leg.realized_pnl} title={exact(leg.realized_pnl, true)}>
                    {money(leg.realized_pnl, true)}
                  </Signed>
                )}
              </td>
              <td className="right">{exact(leg.position_after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
