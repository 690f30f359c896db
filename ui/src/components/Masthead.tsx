import type { Run } from "../model/payload";
import { DASH, decimals, exact, words } from "../model/format";
import { Mark } from "./Mark";
import { useMoment } from "./zone";
import type { ReactNode } from "react";

const FEW = 4;

export function Masthead({ run, switches }: { run: Run; switches: ReactNode }) {
  const at = useMoment();
  return (
    <header className="masthead">
      <div className="masthead-top">
        <p className="brand">
          <Mark /> Exit Brain
        </p>
        {switches}
      </div>
      <h1>
        {run.symbols.slice(0, FEW).join(", ") || "Run"}
        {run.symbols.length > FEW && <span className="quiet"> and {run.symbols.length - FEW} more</span>}
      </h1>
      <p className="span">
        {run.timeframe !== null && <>{run.timeframe} bars · </>}
        {at(run.start)} to {at(run.end)}
        {run.bars !== null && <> · {exact(run.bars)} bars</>}
      </p>
      <Facts run={run} />
      {run.warnings.length > 0 && (
        <div className="callout warn" role="note" aria-label="Warnings">
          <strong>{run.warnings.length === 1 ? "One warning" : `${run.warnings.length} warnings`}</strong>
          <Lines lines={run.warnings} />
        </div>
      )}
      {run.notes.length > 0 && (
        <details className="notes">
          <summary>{run.notes.length === 1 ? "One note" : `${run.notes.length} notes`} on this run</summary>
          <Lines lines={run.notes} />
        </details>
      )}
    </header>
  );
}

function Facts({ run }: { run: Run }) {
  const facts: [string, ReactNode][] = [
    ["Run", <code key="run">{run.run_id}</code>],
    [run.profiles.length > 1 ? "Profiles" : "Profile", run.profiles.join(", ") || DASH],
    ["Path inside a bar", words(run.path)],
    ["Decisions fill at", words(run.fill_at)],
    ["Slippage", run.slippage_bps === null ? DASH : `${exact(run.slippage_bps)} bps`],
    ["Initial cash", run.initial_cash === null ? DASH : decimals(run.initial_cash, 0)],
    ["Version", run.version ?? DASH],
  ];
  if (run.policy !== null) facts.splice(2, 0, ["Policy", words(run.policy)]);
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Lines({ lines }: { lines: string[] }) {
  return (
    <ul>
      {lines.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}
