import type { Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { styleOf, written } from "./model";
import { Stroke } from "./Stroke";

type Props = {
  settings: readonly Shape["SettingDifference"][];
  runs: readonly { run_id: string }[];
  names: ReadonlyMap<string, string>;
};

/** Only what differs; what is not as in the reference stands out. */
export function SettingsDiff({ settings, runs, names }: Props) {
  if (settings.length === 0) return <p className="quiet">All settings and inputs are the same.</p>;
  return (
    <Scroll name="Table of settings that differ">
      <table className="plain settings-diff">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            {runs.map(({ run_id }, place) => (
              <th key={run_id} scope="col">
                <Stroke {...styleOf(place)} /> {names.get(run_id) ?? run_id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {settings.map(({ key, values }) => (
            <tr key={key}>
              <th scope="row">
                <code>{key}</code>
              </th>
              {runs.map(({ run_id }, place) => (
                <td key={run_id} className={written(values[place]) === written(values[0]) ? "" : "other"}>
                  {written(values[place])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
