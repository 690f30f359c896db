import { useDeferredValue, useMemo } from "react";
import { legTable, setTable } from "../../model/tables";
import { exact } from "../../model/format";
import type { Payload } from "../../model/payload";
import { choicesOf, isFiltered, select, type Selection } from "../../model/selection";
import { ExportButtons } from "../ExportButtons";
import { SetFilters } from "./SetFilters";
import { SetTable } from "./SetTable";

type Props = { payload: Payload; selection: Selection; change: (part: Partial<Selection>) => void };

export function Sets({ payload, selection, change }: Props) {
  const choices = useMemo(() => choicesOf(payload.sets), [payload.sets]);
  const wanted = useDeferredValue(selection);
  const shown = useMemo(() => select(payload.sets, wanted), [payload.sets, wanted]);
  return (
    <section id="sets" className="section" aria-labelledby="sets-title">
      <header className="section-head">
        <h2 id="sets-title">TradeSets</h2>
        <span className="export-pair no-print">
          <span className="quiet">sets</span>
          <ExportButtons of="TradeSets" tables={[() => setTable(shown)]} />
          <span className="quiet">legs</span>
          <ExportButtons of="Trade legs" tables={[() => legTable(shown)]} />
        </span>
      </header>
      <SetFilters choices={choices} selection={selection} change={change} />
      <p className="quiet" role="status">
        {isFiltered(wanted)
          ? `${exact(shown.length)} of ${exact(payload.sets.length)} sets`
          : `${exact(shown.length)} sets`}
      </p>
      {shown.length === 0 ? (
        <p className="empty">
          {payload.sets.length === 0 ? "No position was opened in this run." : "No set matches these filters."}
        </p>
      ) : (
        <SetTable sets={shown} plans={payload.plans} windows={payload.windows} selection={selection} change={change} />
      )}
    </section>
  );
}
