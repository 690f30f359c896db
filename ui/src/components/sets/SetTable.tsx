import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { Plan, TradeSet } from "../../model/payload";
import { rowOf, type Selection } from "../../model/selection";
import type { CandleWindow } from "../../model/window";
import { moveFocus } from "./moveFocus";
import { SetDetail } from "./SetDetail";
import { COLUMN_COUNT, SetHeads } from "./SetHeads";
import { SetRow } from "./SetRow";
import { usePrinting } from "../usePrinting";

const ROW_HEIGHT = 53;
const PRINTED = 200;

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
    if (selection.opened)
      setOpen((before) => (before.has(selection.opened) ? before : new Set([...before, selection.opened])));
  }, [selection.opened]);

  const toggle = (id: string): void => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
    change({ opened: next.has(id) ? id : "" });
  };
  const row = (set: TradeSet, place: number) => (
    <>
      <SetRow row={rowOf(set)} place={place} open={open.has(set.set_id)} toggle={() => toggle(set.set_id)} />
      {open.has(set.set_id) && (
        <div role="row" className="detail-row">
          <div role="cell" aria-colspan={COLUMN_COUNT}>
            <SetDetail set={set} plan={plans.get(set.set_id)} cut={windows.get(set.set_id)} />
          </div>
        </div>
      )}
    </>
  );

  return (
    <div className="set-table" role="table" aria-label="TradeSets" aria-rowcount={sets.length + 1}>
      <SetHeads selection={selection} change={change} />
      {printing ? (
        <div role="rowgroup">
          {sets.slice(0, PRINTED).map((set, place) => (
            <div key={set.set_id}>{row(set, place)}</div>
          ))}
        </div>
      ) : (
        <div
          ref={list}
          role="presentation"
          className="set-list"
          style={{ height: rows.getTotalSize() }}
          onKeyDown={moveFocus(sets.length, rows.scrollToIndex)}
        >
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
