import { Button } from "@mantine/core";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import type { Shape } from "../../api/client";
import { Confirm } from "../../components/Confirm";
import { useMoment } from "../../components/zone";
import { exact } from "../../model/format";
import { Failure } from "../Failure";
import { useRunActions } from "../runs/useRunActions";
import { MOVING } from "../useProgress";

const FEW = 4;

/** What the run is of, and what can be done with it. */
export function RunHead({ run }: { run: Shape["RunDetail"] }) {
  const at = useMoment();
  const symbols = run.symbols.slice(0, FEW).join(", ");
  const title = run.label ?? (symbols || run.run_id);
  return (
    <header className="run-head">
      <nav aria-label="Where this is" className="crumbs">
        <Link to="/runs">Backtests</Link> <span aria-hidden="true">/</span> <code>{run.run_id}</code>
      </nav>
      <div className="screen-head">
        <h1>{title}</h1>
        <span className="spacer" />
        <Deeds run={run} title={title} />
      </div>
      <p className="span">
        {run.label !== null && symbols && <>{symbols} · </>}
        {run.timeframe !== null && <>{run.timeframe} bars · </>}
        {run.start !== null && (
          <>
            {at(run.start)} to {at(run.end)}
          </>
        )}
        {run.bars !== null && <> · {exact(run.bars)} bars</>}
      </p>
    </header>
  );
}

function Deeds({ run, title }: { run: Shape["RunDetail"]; title: string }) {
  const [asking, setAsking] = useState(false);
  const actions = useRunActions();
  const go = useNavigate();
  const path = `/api/runs/${encodeURIComponent(run.run_id)}/report`;
  return (
    <span className="deeds">
      {run.has_results && (
        <a href={path} target="_blank" rel="noreferrer">
          Report
        </a>
      )}
      {run.request !== null && <Link to={`/runs/new?again=${encodeURIComponent(run.run_id)}`}>Change and run again</Link>}
      {!MOVING.has(run.status) && (
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setAsking(true)}>
          Delete
        </Button>
      )}
      {asking && (
        <Confirm
          title={`Delete ${title}?`}
          action="Delete the run"
          onCancel={() => setAsking(false)}
          onConfirm={() => void actions.remove(run.run_id).then(() => go("/runs"), () => setAsking(false))}
        >
          <p>Its sets, events and files are removed from the store.</p>
        </Confirm>
      )}
      {actions.fault !== null && actions.fault !== undefined && <Failure fault={actions.fault} />}
    </span>
  );
}
