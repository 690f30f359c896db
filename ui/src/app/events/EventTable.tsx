import { useQueries } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { Link } from "react-router";
import { api, type Shape } from "../../api/client";
import { useMoment } from "../../components/zone";
import { exact, words } from "../../model/format";
import { type Asked, PAGE, pageOf, pagesOf } from "./model";

const HEIGHT = 56;

type Props = { asked: Asked; total: number; labels: ReadonlyMap<string, string> };

/** As many rows as there are events, of which only the pages in view are fetched; `labels` names runs if they differ. */
export function EventTable({ asked, total, labels }: Props) {
  const list = useRef<HTMLDivElement>(null);
  // This component is not memoized by a compiler, which is all that the rule guards.
  // oxlint-disable-next-line react/incompatible-library
  const rows = useWindowVirtualizer({
    count: total,
    estimateSize: () => HEIGHT,
    overscan: 15,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  const shown = rows.getVirtualItems();
  const pages = shown.length === 0 ? [] : pagesOf(shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0);
  const found = useQueries({
    queries: pages.map((page) =>
      api.queryOptions("get", "/api/events", { params: { query: page === 1 ? asked : { ...asked, page } } }),
    ),
  });
  const eventAt = (index: number): Shape["Event"] | undefined =>
    pageOf(found[pages.indexOf(Math.floor(index / PAGE) + 1)]?.data)?.items[index % PAGE];
  if (total === 0) return <p className="empty">No event matches.</p>;
  return (
    <div className="event-table" role="table" aria-label="Events" aria-rowcount={total + 1}>
      <div role="rowgroup" className="event-heads">
        <div role="row" aria-rowindex={1} className="event-row heads">
          {HEADS.map((head) => (
            <span key={head} role="columnheader">
              {head}
            </span>
          ))}
        </div>
      </div>
      <div ref={list} role="rowgroup" className="event-list" style={{ height: rows.getTotalSize() }}>
        {shown.map((item) => (
          <div
            key={item.key}
            ref={rows.measureElement}
            data-index={item.index}
            role="row"
            aria-rowindex={item.index + 2}
            className="event-row"
            style={{ transform: `translateY(${item.start - rows.options.scrollMargin}px)` }}
          >
            <Cells event={eventAt(item.index)} labels={labels} />
          </div>
        ))}
      </div>
    </div>
  );
}

const HEADS = ["Time", "Symbol", "Kind", "Reason", "Trigger", "Price", "Set"];

type CellsProps = { event: Shape["Event"] | undefined; labels: ReadonlyMap<string, string> };

function Cells({ event, labels }: CellsProps) {
  const at = useMoment();
  if (event === undefined)
    return (
      <span role="cell" className="quiet">
        Reading.
      </span>
    );
  const run = encodeURIComponent(event.run_id);
  const label = labels.get(event.run_id) ?? event.run_id;
  return (
    <>
      <span role="cell" className="when">
        {at(event.time)}
      </span>
      <span role="cell" className="symbol">
        {event.symbol} <small>{event.timeframe}</small>
      </span>
      <span role="cell" className="kind">
        {words(event.kind)}
      </span>
      <span role="cell" className="why">
        <b>{words(event.reason)}</b>
        {event.detail && <small>{event.detail}</small>}
      </span>
      <span role="cell" className="trigger">
        {event.trigger_id ?? ""} <small>{event.category === null ? "" : words(event.category)}</small>
        {event.preempted_by && <small>after {event.preempted_by}</small>}
        {event.overridden_by && <small>overridden by {event.overridden_by}</small>}
      </span>
      <span role="cell" className="price">
        {event.price === null ? "" : exact(event.price)}
      </span>
      <span role="cell" className="of">
        {event.set_id === null ? (
          <Link to={`/runs/${run}`}>{label}</Link>
        ) : (
          <>
            <Link to={`/runs/${run}/sets/${encodeURIComponent(event.set_id)}`}>
              {event.set_id.replace(`${event.run_id}-`, "")}
            </Link>{" "}
            {labels.size > 0 && <small>{label}</small>}
          </>
        )}
      </span>
    </>
  );
}
