import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, type Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Signed } from "../../components/Signed";
import { useMoment } from "../../components/zone";
import { exact, inR, money } from "../../model/format";
import { MEANINGS } from "../../model/meanings";
import { Failure } from "../Failure";
import { FEWEST, MOST, styleOf } from "./model";
import { Stroke } from "./Stroke";

const HEADS: Head[] = [
  { name: "Compare" },
  { name: "Candles" },
  { name: "Sets", right: true, meaning: MEANINGS.num_sets },
  { name: "Net P&L", right: true, meaning: MEANINGS.net_pnl },
  { name: "Mean R", right: true, meaning: MEANINGS.net_r_mean },
  { name: "Made" },
];

const SHOWN = 12;
type Props = { chosen: string[]; choose: (runs: string[]) => void };

/** Which runs are compared, in their order; the list to choose from unfolds. */
export function RunPicker({ chosen, choose }: Props) {
  const [text, setText] = useState("");
  const runs = api.useQuery(
    "get",
    "/api/runs",
    { params: { query: { status: ["done"], q: text || undefined, page_size: SHOWN } } },
    { placeholderData: keepPreviousData },
  );
  const toggle = (id: string): void => choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <section className="section" aria-labelledby="picker-title">
      <header className="section-head">
        <h2 id="picker-title">Runs</h2>
        <span className="quiet" role="status">
          {chosen.length} chosen, {FEWEST} to {MOST} are compared
        </span>
      </header>
      {chosen.length > 0 && (
        <ol className="chosen" aria-label="Chosen runs">
          {chosen.map((id, place) => (
            <Chosen key={id} id={id} place={place} chosen={chosen} choose={choose} />
          ))}
        </ol>
      )}
      <details open={chosen.length < FEWEST}>
        <summary>Choose runs</summary>
        <input
          type="search"
          className="search"
          aria-label="Search runs to compare"
          placeholder="Symbol, run or label"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {runs.error ? (
          <Failure fault={runs.error} />
        ) : (
          <Choices items={runs.data?.items ?? []} chosen={chosen} toggle={toggle} />
        )}
        {runs.data && runs.data.total > SHOWN && (
          <p className="quiet">
            The newest {SHOWN} of {exact(runs.data.total)}; search for others.
          </p>
        )}
      </details>
    </section>
  );
}

function Chosen({ id, place, chosen, choose }: Props & { id: string; place: number }) {
  const run = api.useQuery("get", "/api/runs/{run_id}", { params: { path: { run_id: id } } });
  const name = run.data?.label ?? id;
  return (
    <li>
      <span>
        <Stroke {...styleOf(place)} /> <Link to={`/runs/${encodeURIComponent(id)}`}>{name}</Link>
      </span>
      <small>
        {run.error ? "not in the store" : `${run.data?.symbols.join(", ") ?? ""} ${run.data?.timeframe ?? ""}`}
      </small>
      {place === 0 ? (
        <small>reference</small>
      ) : (
        <button
          type="button"
          className="plain-button"
          aria-label={`Make reference: ${name}`}
          onClick={() => choose([id, ...chosen.filter((one) => one !== id)])}
        >
          Make reference
        </button>
      )}
      <button
        type="button"
        className="plain-button"
        aria-label={`Leave out: ${name}`}
        onClick={() => choose(chosen.filter((one) => one !== id))}
      >
        Leave out
      </button>
    </li>
  );
}

type ChoicesProps = { items: Shape["RunSummary"][]; chosen: string[]; toggle: (id: string) => void };

function Choices({ items, chosen, toggle }: ChoicesProps) {
  const at = useMoment();
  if (items.length === 0) return <p className="empty">No finished run matches.</p>;
  return (
    <Scroll name="Runs to choose from">
      <table className="plain">
        <Heads of={HEADS} />
        <tbody>
          {items.map((run) => (
            <tr key={run.run_id}>
              <td>
                <label className="check">
                  <input
                    type="checkbox"
                    checked={chosen.includes(run.run_id)}
                    disabled={!chosen.includes(run.run_id) && chosen.length >= MOST}
                    onChange={() => toggle(run.run_id)}
                  />
                  {run.label ?? run.run_id} {run.label && <small>{run.run_id}</small>}
                </label>
              </td>
              <td>
                {run.symbols.join(", ")} <small>{run.timeframe}</small>
              </td>
              <td className="right">{exact(run.num_sets)}</td>
              <td className="right">
                <Signed of={run.net_pnl}>{money(run.net_pnl, true)}</Signed>
              </td>
              <td className="right">{inR(run.net_r_mean)}</td>
              <td>{at(run.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
