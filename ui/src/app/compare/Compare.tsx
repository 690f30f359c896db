import { keepPreviousData } from "@tanstack/react-query";
import { useContext, useMemo } from "react";
import { Link } from "react-router";
import { api, type Shape } from "../../api/client";
import { Section } from "../../components/Section";
import { ZoneContext } from "../../components/zone";
import { usePalette } from "../../charts/palette";
import type { Table } from "../../model/export";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import "./compare.css";
import { Figures, figureTable } from "./Figures";
import { Forest } from "./Forest";
import { askedOf, chosenOf, FEWEST, inputsThatDiffer, namesOf, pairsOf, written } from "./model";
import { OverlayChart } from "./OverlayChart";
import { RunPicker } from "./RunPicker";
import { SettingsDiff } from "./SettingsDiff";
import { useSeriesColors } from "./useSeriesColors";

/** Two to ten runs beside each other, all against the first. */
export function Compare() {
  const address = useAddress();
  const chosen = chosenOf(address.one("runs"));
  const ready = chosen.length >= FEWEST;
  const compared = api.useQuery(
    "get",
    "/api/compare",
    { params: { query: { runs: askedOf(chosen) } } },
    { enabled: ready, placeholderData: keepPreviousData },
  );
  return (
    <>
      <header className="screen-head">
        <h1>Compare</h1>
        <Link to="/compare/policies">Compare policies on the same entries</Link>
      </header>
      <RunPicker chosen={chosen} choose={(runs) => address.set({ runs: runs.join(","), hide: "" })} />
      {ready && compared.error && <Failure fault={compared.error} />}
      {ready && compared.isLoading && <p className="quiet">Laying the runs beside each other.</p>}
      {ready && !compared.error && compared.data && <Compared compared={compared.data} />}
    </>
  );
}

function Compared({ compared }: { compared: Shape["ComparedRuns"] }) {
  const address = useAddress();
  const zone = useContext(ZoneContext);
  const palette = usePalette();
  const colors = useSeriesColors();
  // The server was asked with the reference last; the page shows it first.
  const runs = [...compared.runs.slice(-1), ...compared.runs.slice(0, -1)];
  const curves = useMemo(
    () => [...compared.curves.runs.slice(-1), ...compared.curves.runs.slice(0, -1)],
    [compared.curves.runs],
  );
  const settings = compared.settings.map(({ key, values }) => ({
    key,
    values: [...values.slice(-1), ...values.slice(0, -1)],
  }));
  const names = namesOf(runs);
  const pairs = pairsOf(compared);
  const reference = runs[0]?.run_id ?? "";
  const everyPair = address.one("pairs") === "all";
  const shown = everyPair ? pairs : pairs.filter(({ second }) => second === reference);
  const settingsTable = (): Table => ({
    name: "settings_that_differ",
    columns: ["setting", ...runs.map(({ run_id }) => run_id)],
    rows: settings.map(({ key, values }) => [key, ...values.map(written)]),
  });
  return (
    <>
      <Section id="curves" title="Equity and drawdown">
        <OverlayChart
          time={compared.curves.time}
          curves={curves}
          names={names}
          colors={colors}
          palette={palette}
          zone={zone}
          asReturn={address.one("as") === "return"}
          setAsReturn={(asReturn) => address.set({ as: asReturn ? "return" : "" }, true)}
          hidden={address.all("hide")}
          setHidden={(hide) => address.set({ hide }, true)}
        />
      </Section>
      <Section id="figures" title="Figures" lead="Below each figure: its difference from the reference." table={() => figureTable(runs)}>
        <Figures runs={runs} names={names} />
      </Section>
      <Section
        id="pairs"
        title="Paired differences"
        lead={
          <>
            Sets that began with the same entry, in R per set; dot and 95% interval. Right of 0 the first of a pair did
            better.
          </>
        }
      >
        <NotPaired settings={settings} notes={compared.notes} names={names} />
        {runs.length > FEWEST && (
          <label className="check">
            <input
              type="checkbox"
              checked={everyPair}
              onChange={(event) => address.set({ pairs: event.currentTarget.checked ? "all" : "" }, true)}
            />
            Also the pairs without the reference
          </label>
        )}
        <Forest pairs={shown} names={names} />
      </Section>
      <Section id="settings" title="Settings that differ" table={settings.length > 0 ? settingsTable : undefined}>
        <SettingsDiff settings={settings} runs={runs} names={names} />
      </Section>
    </>
  );
}

type NotPairedProps = {
  settings: readonly Shape["SettingDifference"][];
  notes: readonly string[];
  names: ReadonlyMap<string, string>;
};

function NotPaired({ settings, notes, names }: NotPairedProps) {
  const inputs = inputsThatDiffer(settings);
  if (inputs.length === 0 && notes.length === 0) return null;
  return (
    <div className={inputs.length > 0 ? "callout warn" : "callout"} role="note">
      {inputs.length > 0 && (
        <p>
          These runs differ in what they read ({inputs.join(", ")}), so that sets may have no partner: the figures above
          are of different entries.
        </p>
      )}
      {notes.length > 0 && (
        <ul>
          {notes.map((note) => (
            <li key={note}>{named(note, names)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

const named = (note: string, names: ReadonlyMap<string, string>): string =>
  [...names].reduce((told, [id, name]) => told.replaceAll(id, name), note);
