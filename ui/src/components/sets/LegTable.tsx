import { exact, money, words } from "../../model/format";
import type { TradeLeg } from "../../model/payload";
import { Signed } from "../Signed";
import { useMoment } from "../zone";
import { type Head, Heads } from "../Heads";
import { Scroll } from "../Scroll";

const HEADS: Head[] = [
  { name: "Time" },
  { name: "Side" },
  { name: "Quantity", right: true },
  { name: "Price", right: true },
  { name: "Reason" },
  { name: "Category" },
  { name: "Fees", right: true },
  { name: "P&L", right: true },
  { name: "Position after", right: true },
];

export function LegTable({ legs, of }: { legs: readonly TradeLeg[]; of: string }) {
  const at = useMoment();
  return (
    <Scroll name={`Trade legs of ${of}`}>
      <table className="plain legs">
        <caption>Trade legs</caption>
        <Heads of={HEADS} />
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
