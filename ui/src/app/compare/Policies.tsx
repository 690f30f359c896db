import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, client, type Shape } from "../../api/client";
import { useMoment } from "../../components/zone";
import { words } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import "./compare.css";
import { policiesOf, requestOf } from "./asked";

const EXAMPLE = "name: wide\nconfig:\n  exits:\n    default_stop_pct: 4\n";

/** Starts a comparison of policies on the entries of a stored run, and lists those that were made. */
export function Policies() {
  const address = useAddress();
  const of = address.one("of");
  const runs = api.useQuery("get", "/api/runs", { params: { query: { status: ["done"], page_size: 100 } } });
  const run = api.useQuery("get", "/api/runs/{run_id}", { params: { path: { run_id: of } } }, { enabled: of !== "" });
  return (
    <>
      <header className="screen-head">
        <h1>Compare policies</h1>
        <Link to="/compare">Compare stored runs</Link>
      </header>
      <section className="section" aria-labelledby="start-title">
        <header className="section-head">
          <h2 id="start-title">Start a comparison</h2>
        </header>
        <p className="lead">
          Each policy meets the entries of one run, over the same candles; the sets are paired by their entry.
        </p>
        <div className="controls">
          <div className="control">
            <label htmlFor="policy-run">Entries and candles of</label>
            <select id="policy-run" value={of} onChange={(event) => address.set({ of: event.currentTarget.value })}>
              <option value="">Choose a run</option>
              {runs.data?.items.map((one) => (
                <option key={one.run_id} value={one.run_id}>
                  {one.label ?? one.run_id} ({one.symbols.join(", ")} {one.timeframe})
                </option>
              ))}
            </select>
          </div>
        </div>
        {runs.error && <Failure fault={runs.error} />}
        {run.error && <Failure fault={run.error} />}
        {run.data && <PolicyForm run={run.data} />}
      </section>
      <Made />
    </>
  );
}

function PolicyForm({ run }: { run: Shape["RunDetail"] }) {
  const go = useNavigate();
  const [emergency, setEmergency] = useState(true);
  const [asItWas, setAsItWas] = useState(true);
  const [own, setOwn] = useState<string[]>([]);
  const [fault, setFault] = useState<unknown>(null);
  const [waiting, setWaiting] = useState(false);
  const policies = policiesOf(emergency, asItWas, own);
  if (run.request === null)
    return (
      <p className="callout warn">
        The store does not know what this run was started with: it was added from the outside. Choose one that was
        started here.
      </p>
    );
  const request = run.request;
  const start = async (): Promise<void> => {
    setWaiting(true);
    setFault(null);
    try {
      const { data } = await client.POST("/api/compare", { body: requestOf(request, policies, run.label) });
      if (data) await go(`/compare/${encodeURIComponent(data.run_id)}`);
    } catch (error) {
      setFault(error);
    }
    setWaiting(false);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <fieldset className="option-list">
        <legend className="quiet">Policies, 2 to 10</legend>
        <label>
          <input type="checkbox" checked={asItWas} onChange={(event) => setAsItWas(event.currentTarget.checked)} />
          <span>
            <b>as-run</b>: the exits of the run itself
          </span>
        </label>
        <label>
          <input type="checkbox" checked={emergency} onChange={(event) => setEmergency(event.currentTarget.checked)} />
          <span>
            <b>emergency-only</b>: no exit rule but those of the category emergency exit
          </span>
        </label>
        {own.map((text, index) => (
          // The place is what an unnamed text is known by.
          // oxlint-disable-next-line react/no-array-index-key
          <div className="control" key={index}>
            <label htmlFor={`policy-${index}`}>Own policy {index + 1}: name, and config, profiles or plan</label>
            <textarea
              id={`policy-${index}`}
              rows={5}
              spellCheck={false}
              value={text}
              onChange={(event) => setOwn(own.map((one, place) => (place === index ? event.target.value : one)))}
            />
            <span>
              <button
                type="button"
                className="plain-button"
                onClick={() => setOwn(own.filter((_, place) => place !== index))}
              >
                Remove policy {index + 1}
              </button>
            </span>
          </div>
        ))}
      </fieldset>
      {fault !== null && <Failure fault={fault} />}
      <div className="controls">
        <button
          type="button"
          className="plain-button"
          disabled={policies.length >= 10}
          onClick={() => setOwn([...own, EXAMPLE])}
        >
          Add an own policy
        </button>
        <button type="submit" className="plain-button main" disabled={waiting || policies.length < 2}>
          Compare {policies.length} policies
        </button>
      </div>
    </form>
  );
}

function Made() {
  const at = useMoment();
  const made = api.useQuery("get", "/api/runs", { params: { query: { kind: "compare", page_size: 50 } } });
  return (
    <section className="section" aria-labelledby="made-title">
      <header className="section-head">
        <h2 id="made-title">Comparisons made</h2>
      </header>
      {made.error && <Failure fault={made.error} />}
      {made.data?.items.length === 0 && <p className="quiet">None yet.</p>}
      <ul className="plain-list">
        {made.data?.items.map((one) => (
          <li key={one.run_id}>
            <Link to={`/compare/${encodeURIComponent(one.run_id)}`}>{one.label ?? one.run_id}</Link>{" "}
            <small>
              {words(one.status)}, {one.symbols.join(", ")} {at(one.created_at)}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
