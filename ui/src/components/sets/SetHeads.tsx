import type { Order, SortKey } from "../../model/selection";

const HEADS: { area: string; name: string; sort?: SortKey }[] = [
  { area: "symbol", name: "Symbol", sort: "symbol" },
  { area: "entry", name: "Entry", sort: "opened" },
  { area: "exit", name: "Exit" },
  { area: "exposure", name: "Max exposure", sort: "exposure" },
  { area: "pnl", name: "Net P&L", sort: "pnl" },
  { area: "r", name: "R", sort: "r" },
  { area: "fees", name: "Fees", sort: "fees" },
  { area: "risk", name: "Risk" },
  { area: "duration", name: "Duration", sort: "duration" },
  { area: "legs", name: "Legs", sort: "legs" },
];

export const COLUMN_COUNT = HEADS.length + 1;

type Props = { selection: Order; change: (part: Partial<Order>) => void };

export function SetHeads({ selection, change }: Props) {
  const sortBy = (key: SortKey): void =>
    change(
      selection.sort === key
        ? { descending: !selection.descending }
        : { sort: key, descending: key !== "symbol" && key !== "opened" },
    );
  const direction = selection.descending ? "descending" : "ascending";
  return (
    <div role="rowgroup" className="set-heads">
      <div role="row" aria-rowindex={1} className="set-row heads">
        <span role="columnheader" className="cell-toggle">
          <span className="unseen">Legs</span>
        </span>
        {HEADS.map(({ area, name, sort }) => (
          <span
            key={area}
            role="columnheader"
            className={`cell-${area}`}
            aria-sort={sort && sort === selection.sort ? direction : undefined}
          >
            {sort ? (
              <button type="button" className="sort" onClick={() => sortBy(sort)}>
                {name}
                <i aria-hidden="true">{sort === selection.sort ? (selection.descending ? "↓" : "↑") : ""}</i>
              </button>
            ) : (
              name
            )}
          </span>
        ))}
      </div>
    </div>
  );
}
