import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, type Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { useMoment } from "../../components/zone";
import { DASH, exact } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { keyWords, ranked, REGIMES, type Wanted, whyOf } from "./model";
import "./profiles.css";

const to = (name: string): string => `/profiles/${encodeURIComponent(name)}`;

/** Every profile, and which one a position would get. */
export function Profiles() {
  const { one, set, query } = useAddress();
  const wanted: Wanted = { symbol: one("symbol"), strategy: one("strategy"), regime: one("regime") };
  const asked = ["symbol", "strategy", "regime"].some((name) => query.has(name));
  const profiles = api.useQuery(
    "get",
    "/api/profiles",
    {
      params: {
        query: asked
          ? {
              symbol: wanted.symbol || undefined,
              strategy: wanted.strategy || undefined,
              regime: wanted.regime || undefined,
            }
          : {},
      },
    },
    { placeholderData: keepPreviousData },
  );
  return (
    <>
      <header className="screen-head">
        <h1>Profiles</h1>
        <NewProfile />
      </header>
      <section className="section" aria-labelledby="selection-title">
        <header className="section-head">
          <h2 id="selection-title">Which profile a position gets</h2>
        </header>
        <p className="lead">
          The most specific registration wins: 100 for the symbol, 10 for the strategy, 1 for the regime; of equals the
          later one.
        </p>
        <div className="controls">
          <div className="control">
            <label htmlFor="select-symbol">Symbol</label>
            <input
              id="select-symbol"
              placeholder="any"
              value={wanted.symbol}
              onChange={(event) => set({ symbol: event.currentTarget.value.trim() }, true)}
            />
          </div>
          <div className="control">
            <label htmlFor="select-strategy">Strategy</label>
            <input
              id="select-strategy"
              placeholder="any"
              value={wanted.strategy}
              onChange={(event) => set({ strategy: event.currentTarget.value.trim() }, true)}
            />
          </div>
          <div className="control">
            <label htmlFor="select-regime">Regime</label>
            <select
              id="select-regime"
              value={wanted.regime}
              onChange={(event) => set({ regime: event.currentTarget.value })}
            >
              <option value="">any</option>
              {REGIMES.map((regime) => (
                <option key={regime}>{regime}</option>
              ))}
            </select>
          </div>
          <button
            type="button"
            className="plain-button"
            disabled={!asked}
            onClick={() => set({ symbol: "", strategy: "", regime: "" })}
          >
            Clear
          </button>
        </div>
        {profiles.error ? (
          <Failure fault={profiles.error} />
        ) : (
          profiles.data && <List items={profiles.data.items} wanted={asked ? wanted : null} />
        )}
      </section>
    </>
  );
}

function List({ items, wanted }: { items: Shape["ProfileSummary"][]; wanted: Wanted | null }) {
  const at = useMoment();
  const rows = wanted ? ranked(items) : items;
  return (
    <Scroll name="Profiles">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Profile</th>
            {wanted && (
              <>
                <th scope="col" className="right">
                  Score
                </th>
                <th scope="col">Why</th>
              </>
            )}
            <th scope="col">Symbol / strategy / regime</th>
            <th scope="col" className="right">
              Targets
            </th>
            <th scope="col">Trail</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((profile) => (
            <tr key={profile.name} className={wanted && profile.selected ? "selected-row" : ""}>
              <th scope="row">
                <Link to={to(profile.name)}>{profile.name}</Link>
                {wanted && profile.selected && <b> chosen</b>}
                <br />
                <small>{profile.description}</small>
              </th>
              {wanted && (
                <>
                  <td className="right">{profile.score === null ? DASH : exact(profile.score)}</td>
                  <td className="why">{whyOf(profile, wanted)}</td>
                </>
              )}
              <td>{profile.keys.map(keyWords).join("; ")}</td>
              <td className="right">{exact(profile.num_tp_legs)}</td>
              <td>{profile.has_trailing ? "yes" : "no"}</td>
              <td>
                {profile.version === null ? "built in" : `${profile.version}, ${at(profile.updated_at)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function NewProfile() {
  const go = useNavigate();
  const [name, setName] = useState("");
  return (
    <form
      className="controls new-profile"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) void go(`${to(name.trim())}?new=1`);
      }}
    >
      <input
        className="search"
        aria-label="Name of a new profile"
        placeholder="Name of a new profile"
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" className="plain-button" disabled={name.trim() === ""}>
        New profile
      </button>
    </form>
  );
}
