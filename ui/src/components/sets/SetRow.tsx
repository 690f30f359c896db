import type { ReactNode } from "react";
import { brief, decimals, duration, exact, inR, money, words } from "../../model/format";
import type { End, SetRowModel } from "../../model/selection";
import { Signed } from "../Signed";
import { useMoment } from "../zone";

/** A row without a model is on its way: it can be reached already, and its cells follow. */
type Props = { row: SetRowModel | undefined; place: number; open: boolean; toggle: () => void };

/** One TradeSet, collapsed. With one entry and one exit it shows what the PairedTrade row of old showed. */
export function SetRow({ row, place, open, toggle }: Props) {
  return (
    <div className="set-row" role="row" aria-rowindex={place + 2}>
      <span role="cell" className="cell-toggle">
        <button
          type="button"
          className="toggle"
          data-toggle={place}
          aria-expanded={open}
          aria-label={row === undefined ? `Row ${place + 1} is being read` : `Legs of ${nameOf(row)}`}
          onClick={toggle}
        >
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path d="M3 1l4 4-4 4" />
          </svg>
        </button>
      </span>
      {row !== undefined && <Cells row={row} />}
    </div>
  );
}

const nameOf = (row: SetRowModel): string =>
  `${row.symbol} ${row.side}, ${money(row.pnl_net, true)}, ${inR(row.r_multiple)}`;

function Cells({ row }: { row: SetRowModel }) {
  return (
    <>
      <Cell area="symbol">
        <b title={row.symbol}>{row.symbol}</b>
        <small className={`side ${row.side}`}>
          {row.side === "long" ? "▲" : "▼"} {row.side}
          {row.pair && <> · {row.side === "long" ? "buy" : "sell"}</>}
        </small>
      </Cell>
      <EndCell area="entry" name="Entry" end={row.entry} noun={["entry", "entries"]} />
      <EndCell area="exit" name="Exit" end={row.exit} noun={["exit", "exits"]} open={row.closed_at === null} />
      <Cell area="exposure" name={row.pair ? "Quantity" : "Max exposure"}>
        <span title={exact(row.max_exposure_quantity)}>{brief(row.max_exposure_quantity)}</span>
        <small>{money(row.max_exposure_notional)}</small>
      </Cell>
      <Cell area="pnl" name="Net P&L">
        <b>
          <Signed of={row.pnl_net} title={exact(row.pnl_net, true)}>
            {money(row.pnl_net, true)}
          </Signed>
        </b>
      </Cell>
      <Cell area="r" name="R">
        <Signed of={row.r_multiple}>{decimals(row.r_multiple, 2, true)}</Signed>
      </Cell>
      <Cell area="fees" name="Fees">
        {money(row.fees_total)}
      </Cell>
      <Cell area="risk" name="Risk">
        {money(row.initial_risk)}
      </Cell>
      <Cell area="duration" name="Duration">
        {duration(row.hold_seconds)}
      </Cell>
      <Cell area="legs" name="Legs">
        {row.num_legs}
      </Cell>
    </>
  );
}

function Cell({ area, name, children }: { area: string; name?: string; children: ReactNode }) {
  return (
    <span role="cell" className={`cell-${area}`} data-name={name}>
      {children}
    </span>
  );
}

type EndProps = { area: string; name: string; end: End; noun: [string, string]; open?: boolean };

function EndCell({ area, name, end, noun, open = false }: EndProps) {
  const at = useMoment();
  const price = end.price === null ? "" : exact(end.price);
  return (
    <Cell area={area} name={name}>
      <span className="reason">
        {open ? "open" : words(end.reason)}
        {!open && end.more > 0 && (
          <em>
            +{end.more} {end.more === 1 ? noun[0] : noun[1]}
          </em>
        )}
        {open && end.reason !== null && <em>last: {words(end.reason)}</em>}
      </span>
      <small>
        {end.at !== null && at(end.at)} {price && <>@ {shortPrice(price)}</>}
      </small>
    </Cell>
  );
}

/** An average can have many digits; the row shows ten characters, the legs show all. */
const shortPrice = (price: string): string => (price.length > 10 && price.includes(".") ? price.slice(0, 10) : price);
