import type { Run } from "../model/payload";

/** What went in, and whose charts these are (the chart library's licence asks for its notice and a link). */
export function Colophon({ run }: { run: Run }) {
  return (
    <footer className="colophon">
      {run.inputs.length > 0 && (
        <details>
          <summary>Inputs</summary>
          <ul>
            {run.inputs.map((input) => (
              <li key={`${input.role}-${input.name}`}>
                {input.role}: {input.name} <code>{input.sha256}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p>
        Exit Brain {run.version}, run {run.run_id}, seed {run.seed ?? "none"}. Simulated results: fills follow the
        stated path inside a bar, with the stated costs; they are no promise.
      </p>
      <p>
        TradingView Lightweight Charts™, copyright 2025 TradingView, Inc.{" "}
        <a href="https://www.tradingview.com/" rel="noreferrer">
          https://www.tradingview.com/
        </a>
      </p>
    </footer>
  );
}
