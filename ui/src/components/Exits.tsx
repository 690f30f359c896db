import { exact, inR, money, words } from "../model/format";
import type { NamedRow } from "../model/payload";
import { BalanceBar } from "./Bar";
import { Signed } from "./Signed";
import { Scroll } from "./Scroll";

export function ExitTable({ rows, of }: { rows: NamedRow[]; of: string }) {
  if (rows.length === 0) return <p className="quiet">No exits were counted.</p>;
  const largest = Math.max(...rows.map((row) => Math.abs(Number(row.pnl ?? 0))));
  const withR = rows.some((row) => row.mean_r !== null);
  return (
    <Scroll name={`Table by ${of.toLowerCase()}`}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{of}</th>
            <th scope="col" className="right">
              Count
            </th>
            <th scope="col" className="right">
              P&amp;L
            </th>
            <th scope="col" className="bar-column">
              <span className="unseen">P&amp;L as a bar</span>
            </th>
            {withR && (
              <th scope="col" className="right">
                Mean R
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{words(row.name)}</th>
              <td className="right">{exact(row.count)}</td>
              <td className="right">
                <Signed of={row.pnl}>{money(row.pnl, true)}</Signed>
              </td>
              <td className="bar-column">
                <BalanceBar value={row.pnl} largest={largest} />
              </td>
              {withR && <td className="right">{inR(row.mean_r)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
