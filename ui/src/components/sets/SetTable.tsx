import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { Plan, TradeSet } from "../../model/payload";
import type { Selection, SortKey } from "../../model/selection";
import type { CandleWindow } from "../../model/window";
import { SetDetail } from "./SetDetail";
import { SetRow } from "./SetRow";
import { usePrinting } from "./usePrinting";

const ROW_HEIGHT = 53;
const PRINTED = 200;

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

type Props = {
  sets: TradeSet[];
  plans: ReadonlyMap<string, Plan>;
  windows: ReadonlyMap<string, CandleWindow>;
  selection: Selection;
  change: (part: Partial<Selection>) => void;
};

export function SetTable({ sets, plans, windows, selection, change }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(selection.opened ? [selection.opened] : []));
  const printing = usePrinting();
  // This component is not memoized by a compiler, which is all that the rule guards.
  // oxlint-disable-next-line react/incompatible-library
  const rows = useWindowVirtualizer({
    count: printing ? 0 : sets.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    getItemKey: (index) => sets[index]?.set_id ?? index,
    scrollMargin: list.current?.offsetTop ?? 0,
  });

  useEffect(() => {
    if (selection.opened) setOpen((before) => (before.has(selection.opened) ? before : new Set([...before, selection.opened])));
  }, [selection.opened]);

  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
    change({ opened: next.has(id) ? id : "" });
  };
  const row = (set: TradeSet, place: number) => (
    <>
      <SetRow set={set} place={place} open={open.has(set.set_id)} toggle={() => toggle(set.set_id)} />
      {open.has(set.set_id) && (
        <div role="row" className="detail-row">
          <div role="cell" aria-colspan={HEADS.length + 1}>
            <SetDetail set={set} plan={plans.get(set.set_id)} cut={windows.get(set.set_id)} />
          </div>
        </div>
      )}
    </>
  );

  return (
    <div className="set-table" role="table" aria-label="TradeSets" aria-rowcount={sets.length + 1}>
      <Heads selection={selection} change={change} />
      {printing ? (
        <div role="rowgroup">{sets.slice(0, PRINTED).map((set, place) => <div key={set.set_id}>{row(set, place)}</div>)}</div>
      ) : (
        <div ref={list} role="presentation" className="set-list" style={{ height: rows.getTotalSize() }} onKeyDown={moveFocus(sets.length, rows.scrollToIndex)}>
          {rows.getVirtualItems().map((item) => {
            const set = sets[item.index];
            return (
              set && (
                <div
                  key={item.key}
                  ref={rows.measureElement}
                  data-index={item.index}
                  role="rowgroup"
                  className="set-item"
                  style={{ transform: `translateY(${item.start - rows.options.scrollMargin}px)` }}
                >
                  {row(set, item.index)}
                </div>
              )
            );
          })}
        </div>
      )}
    </div>
  );
}

function Heads({ selection, change }: Pick<Props, "selection" | "change">) {
  const sortBy = (key: SortKey): void =>
    change(selection.sort === key ? { descending: !selection.descending } : { sort: key, descending: key !== "symbol" && key !== "opened" });
  const direction = selection.descending ? "descending" : "ascending";
  return (
    <div role="rowgroup" className="set-heads">
      <div role="row" aria-rowindex={1} className="set-row heads">
        <span role="columnheader" className="cell-toggle">
          <span className="unseen">Legs</span>
        </span>
        {HEADS.map(({ area, name, sort }) => (
          <span key={area} role="columnheader" className={`cell-${area}`} aria-sort={sort && sort === selection.sort ? direction : undefined}>
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

/** Arrow keys walk from row to row, Home and End to the ends; Enter and Space open, as on any button. */
function moveFocus(count: number, scrollTo: (index: number) => void) {
  return (event: KeyboardEvent<HTMLElement>): void => {
    const place = Number((event.target as HTMLElement).dataset.toggle ?? Number.NaN);
    const moves: Record<string, number> = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: count - 1 };
    const next = moves[event.key];
    if (Number.isNaN(place) || next === undefined || next < 0 || next >= count) return;
    event.preventDefault();
    const list = event.currentTarget;
    const focus = (tries: number): void => {
      const button = list.querySelector<HTMLElement>(`[data-toggle="${next}"]`);
      if (button) button.focus({ preventScroll: tries < 20 });
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
    };
    scrollTo(next);
    focus(20);
  };
}
