import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { moveFocus } from "../../../components/sets/moveFocus";
import { COLUMN_COUNT } from "../../../components/sets/SetHeads";
import { SetRow } from "../../../components/sets/SetRow";
import { rowOfServed } from "../../../model/served";
import type { ServedQuery } from "../../../model/setQuery";
import { Failure } from "../../Failure";
import { Expanded } from "./Expanded";
import { useRows } from "./pages";

const ROW_HEIGHT = 53;
/** Rows beyond those drawn whose page is asked for, so that it is there when one scrolls on. */
const AHEAD = 60;

type Props = {
  run_id: string;
  asked: ServedQuery;
  total: number;
  opened: string;
  onOpen: (set_id: string) => void;
};

/** Rows as far as one can see, of as many as there are; only their pages are asked for. */
export function SetList({ run_id, asked, total, opened, onOpen }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(opened ? [opened] : []));
  // This component is not memoized by a compiler, which is all that the rule guards.
  // oxlint-disable-next-line react/incompatible-library
  const rows = useWindowVirtualizer({
    count: total,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  const items = rows.getVirtualItems();
  const first = Math.max(0, (items[0]?.index ?? 0) - AHEAD);
  const last = Math.min(total - 1, (items.at(-1)?.index ?? 0) + AHEAD);
  const { rowAt, fault } = useRows(run_id, asked, first, last);
  const toggle = (set_id: string | undefined): void => {
    if (set_id === undefined) return;
    const next = new Set(open);
    if (!next.delete(set_id)) next.add(set_id);
    setOpen(next);
    onOpen(next.has(set_id) ? set_id : "");
  };
  return (
    <>
      {fault !== null && <Failure fault={fault} />}
      <div
        ref={list}
        role="presentation"
        className="set-list"
        style={{ height: rows.getTotalSize() }}
        onKeyDown={moveFocus(total, rows.scrollToIndex)}
      >
        {items.map((item) => {
          const row = rowAt(item.index);
          const isOpen = row !== undefined && open.has(row.set_id);
          return (
            <div
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              role="rowgroup"
              className="set-item"
              style={{ transform: `translateY(${item.start - rows.options.scrollMargin}px)` }}
            >
              <SetRow
                row={row && rowOfServed(row)}
                place={item.index}
                open={isOpen}
                toggle={() => toggle(row?.set_id)}
              />
              {isOpen && (
                <div role="row" className="detail-row">
                  <div role="cell" aria-colspan={COLUMN_COUNT}>
                    <Expanded run_id={run_id} set_id={row.set_id} />
                  </div>
                </div>
              )}
            </div>
          );
        })}
      </div>
    </>
  );
}
