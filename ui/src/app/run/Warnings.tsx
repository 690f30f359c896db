import type { Run } from "../../model/payload";

/** What the run has to say about itself before its numbers are read. */
export function Warnings({ run }: { run: Run }) {
  if (run.warnings.length === 0 && run.notes.length === 0) return null;
  return (
    <div>
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
    </div>
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
