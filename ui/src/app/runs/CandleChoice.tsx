import { Findings, type FieldFinding } from "../../components/Findings";
import { decimals } from "../../model/format";
import type { Shape } from "../../api/client";
import type { RunForm } from "../../model/request";

type Props = {
  files: Shape["CandleFile"][] | undefined;
  form: RunForm;
  change: (part: Partial<RunForm>) => void;
  refused: readonly FieldFinding[];
};

const MEGABYTE = 1_000_000;

/** Candles by name, as the home folder has them, or by path; several files make a portfolio. */
export function CandleChoice({ files, form, change, refused }: Props) {
  const toggle = (name: string): void =>
    change({
      candles: form.candles.includes(name) ? form.candles.filter((one) => one !== name) : [...form.candles, name],
    });
  return (
    <fieldset className="field" aria-describedby={refused.length > 0 ? "candles-findings" : undefined}>
      <legend>Candles</legend>
      {files === undefined ? (
        <p className="quiet">Reading the names.</p>
      ) : files.length === 0 ? (
        <p className="quiet">The home folder holds no candles yet: give a path, or put files into its candles folder.</p>
      ) : (
        <ul className="choices">
          {files.map((file) => (
            <li key={file.name}>
              <label>
                <input type="checkbox" checked={form.candles.includes(file.name)} onChange={() => toggle(file.name)} />
                <span>{file.name}</span>
                <small>{decimals(file.size / MEGABYTE, 1)} MB</small>
              </label>
            </li>
          ))}
        </ul>
      )}
      <label className="field-line" htmlFor="candle-paths">
        Paths on the server’s machine, one a line
      </label>
      <textarea
        id="candle-paths"
        rows={Math.max(1, form.paths_of_candles.split("\n").length)}
        spellCheck={false}
        value={form.paths_of_candles}
        onChange={(event) => change({ paths_of_candles: event.currentTarget.value })}
      />
      <div aria-live="polite">
        <Findings id="candles-findings" findings={refused} />
      </div>
    </fieldset>
  );
}
