import type { Shape } from "../../api/client";
import { Findings, type FieldFinding } from "../../components/Findings";
import type { RunForm } from "../../model/request";

const PATHS = [
  { value: "both", name: "both: also measures how much hangs on the order of prices" },
  { value: "adverse", name: "adverse: the worse end of each bar first" },
  { value: "favorable", name: "favorable: the better end first" },
  { value: "", name: "as the config says" },
] as const;

type Props = {
  form: RunForm;
  change: (part: Partial<RunForm>) => void;
  refused: (field: string) => readonly FieldFinding[];
  files: Shape["CandleFile"][];
};

export function Settings({ form, change, refused, files }: Props) {
  return (
    <div className="settings">
      <div className="field">
        <label htmlFor="paths">Path inside a bar</label>
        <select
          id="paths"
          value={form.paths}
          onChange={(event) => change({ paths: event.currentTarget.value as RunForm["paths"] })}
        >
          {PATHS.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
        <Findings id="paths-findings" findings={refused("paths")} />
      </div>
      <div className="field">
        <label htmlFor="detail">Finer candles for the path (optional)</label>
        <input
          id="detail"
          list="detail-names"
          placeholder="A name or a path"
          value={form.detail}
          onChange={(event) => change({ detail: event.currentTarget.value })}
        />
        <datalist id="detail-names">
          {files.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </datalist>
        <Findings id="detail-findings" findings={refused("detail")} />
      </div>
      <div className="field">
        <label htmlFor="label">Label (optional)</label>
        <input
          id="label"
          placeholder="A name to find it by"
          value={form.label}
          onChange={(event) => change({ label: event.currentTarget.value })}
        />
        <Findings id="label-findings" findings={refused("label")} />
      </div>
      <label className="tick">
        <input
          type="checkbox"
          checked={form.repair}
          onChange={(event) => change({ repair: event.currentTarget.checked })}
        />
        Repair candles: drop or fill what is broken, and say what was done
      </label>
    </div>
  );
}
