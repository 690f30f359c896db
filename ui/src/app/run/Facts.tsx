import type { ReactNode } from "react";
import type { Shape } from "../../api/client";
import { useMoment } from "../../components/zone";
import { DASH, decimals, exact, words } from "../../model/format";
import type { Run } from "../../model/payload";

/** run.json: what went in and how it was run. The whole file is among the files. */
export function Facts({ run, detail }: { run: Run; detail: Shape["RunDetail"] }) {
  const at = useMoment();
  const facts: [string, ReactNode][] = [
    ["Run", <code key="run">{run.run_id}</code>],
    [run.profiles.length > 1 ? "Profiles" : "Profile", run.profiles.join(", ") || DASH],
    ["Path inside a bar", words(run.path)],
    ["Decisions fill at", words(run.fill_at)],
    ["Slippage", run.slippage_bps === null ? DASH : `${exact(run.slippage_bps)} bps`],
    ["Initial cash", run.initial_cash === null ? DASH : decimals(run.initial_cash, 0)],
    ["Seed", run.seed ?? DASH],
    ["Version", run.version ?? DASH],
    ["Made", at(detail.created_at)],
  ];
  return (
    <>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h3>Inputs</h3>
      <ul className="inputs">
        {run.inputs.map((input) => (
          <li key={`${input.role}-${input.name}`}>
            {input.role}: {input.name}
            <code title={input.sha256}>{input.sha256.slice(0, 12)}</code>
          </li>
        ))}
      </ul>
      <details>
        <summary>Config as it was used</summary>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre className="config" tabIndex={0}>
          {JSON.stringify(detail.run?.config ?? null, null, 1)}
        </pre>
      </details>
    </>
  );
}
