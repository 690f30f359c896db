import type { ReactNode } from "react";
import { brief, decimals, duration, exact, inR, money, words } from "../../model/format";
import type { TradeSet } from "../../model/payload";
import { entryOf, exitOf, isPair, type End } from "../../model/selection";
import { Signed } from "../Signed";
import { useMoment } from "../zone";

type Props = { set: TradeSet; place: number; open: boolean; toggle: () => void };

/** One TradeSet, collapsed. With one entry and one exit it shows what the PairedTrade row of old showed. */
export function SetRow({ set, place, open, toggle }: Props) {
  const pair = isPair(set);
  const name = `${set.symbol} ${set.side}, ${money(set.pnl_net, true)}, ${inR(set.r_multiple)}`;
  return (
    <div className="set-row" role="row" aria-rowindex={place + 2}>
      <span role="cell" className="cell-toggle">
        <button
          type="button"
          className="toggle"
          data-toggle={place}
          aria-expanded={open}
          aria-label={`Legs of ${name}`}
          onClick={toggle}
        >
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path d="M3 1l4 4-4 4" />
          </svg>
        </button>
      </span>
      <Cell area="symbol">
        <b title={set.symbol}>{set.symbol}</b>
        <small className={`side ${set.side}`}>
          {set.side === "long" ? "▲" : "▼"} {set.side}
          {pair && <> · {set.side === "long" ? "buy" : "sell"}</>}
        </small>
      </Cell>
      <EndCell area="entry" name="Entry" end={entryOf(set)} noun={["entry", "entries"]} />
      <EndCell area="exit" name="Exit" end={exitOf(set)} noun={["exit", "exits"]} open={set.closed_at === null} />
      <Cell area="exposure" name={pair ? "Quantity" : "Max exposure"}>
        <span title={exact(set.max_exposure_quantity)}>{brief(set.max_exposure_quantity)}</span>
        <small>{money(set.max_exposure_notional)}</small>
      </Cell>
      <Cell area="pnl" name="Net P&L">
        <b>
          <Signed of={set.pnl_net} title={exact(set.pnl_net, true)}>
            {money(set.pnl_net, true)}
          </Signed>
        </b>
      </Cell>
      <Cell area="r" name="R">
        <Signed of={set.r_multiple}>{decimals(set.r_multiple, 2, true)}</Signed>
      </Cell>
      <Cell area="fees" name="Fees">
        {money(set.fees_total)}
      </Cell>
      <Cell area="risk" name="Risk">
        {money(set.initial_risk)}
      </Cell>
      <Cell area="duration" name="Duration">
        {duration(set.hold_seconds)}
      </Cell>
      <Cell area="legs" name="Legs">
        {set.num_legs}
      </Cell>
    </div>
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
        {open && end.at !== null && <em>last: {words(end.reason)}</em>}
      </span>
      <small>
        {at(end.at)} {price && <>@ {shortPrice(price)}</>}
      </small>
    </Cell>
  );
}

/** An average can have many digits; the row shows ten characters, the legs show all. */
const shortPrice = (price: string): string => (price.length > 10 && price.includes(".") ? price.slice(0, 10) : price);
