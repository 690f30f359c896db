import { useContext } from "react";
import type { Shape } from "../../api/client";
import { ZoneContext } from "../../components/zone";
import { exact, words } from "../../model/format";
import { useAddress } from "../address";
import { FACETS, fieldOf, isoOf, toggled } from "./model";

type Props = { facets: Shape["EventFacets"] | undefined; runs: readonly Shape["RunSummary"][] };

export function EventFilters({ facets, runs }: Props) {
  const address = useAddress();
  const zone = useContext(ZoneContext);
  const run = address.one("run");
  const known = runs.some((one) => one.run_id === run);
  const none = Object.fromEntries(["run", "set_id", "from", "to", ...FACETS.map(({ name }) => name)].map((n) => [n, ""]));
  const filtered = Object.keys(none).some((name) => address.query.has(name));
  const zoneName = zone === "utc" ? "UTC" : "local";
  return (
    <>
      <div className="controls">
        <div className="control">
          <label htmlFor="event-run">Run</label>
          <select id="event-run" value={run} onChange={(event) => address.set({ run: event.currentTarget.value })}>
            <option value="">All runs</option>
            {run !== "" && !known && <option value={run}>{run}</option>}
            {runs.map((one) => (
              <option key={one.run_id} value={one.run_id}>
                {one.label ?? one.run_id} ({one.symbols.join(", ")} {one.timeframe})
              </option>
            ))}
          </select>
        </div>
        <div className="control">
          <label htmlFor="event-set">Set</label>
          <input
            id="event-set"
            type="search"
            value={address.one("set_id")}
            onChange={(event) => address.set({ set_id: event.currentTarget.value.trim() }, true)}
          />
        </div>
        {(["from", "to"] as const).map((name) => (
          <div className="control" key={name}>
            <label htmlFor={`event-${name}`}>
              {name === "from" ? "From" : "Before"}, {zoneName}
            </label>
            <input
              id={`event-${name}`}
              type="datetime-local"
              value={fieldOf(address.one(name), zone)}
              onChange={(event) => address.set({ [name]: isoOf(event.currentTarget.value, zone) }, true)}
            />
          </div>
        ))}
        <button type="button" className="plain-button" disabled={!filtered} onClick={() => address.set(none)}>
          Show all
        </button>
      </div>
      <div className="facets">
        {FACETS.map(({ name, facet, title }) => (
          <Facet key={name} name={name} title={title} counts={facets?.[facet] ?? []} />
        ))}
      </div>
    </>
  );
}

function Facet({ name, title, counts }: { name: string; title: string; counts: readonly Shape["FacetCount"][] }) {
  const address = useAddress();
  const chosen = address.all(name);
  // A chosen value stays to be taken out, also where no event has it any more.
  const missing = chosen.filter((value) => !counts.some((one) => one.value === value));
  const shown = [...counts, ...missing.map((value) => ({ value, count: 0 }))];
  if (shown.length === 0) return null;
  return (
    <fieldset className="facet">
      <legend>{title}</legend>
      {shown.map(
        ({ value, count }) =>
          value !== null && (
            <button
              key={value}
              type="button"
              className="chip"
              aria-pressed={chosen.includes(value)}
              onClick={() => address.set({ [name]: toggled(chosen, value) })}
            >
              {words(value)} <small>{exact(count)}</small>
            </button>
          ),
      )}
    </fieldset>
  );
}
