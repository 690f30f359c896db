import type { Shape } from "../../api/client";
import { Findings, type FieldFinding } from "../../components/Findings";
import type { RunForm } from "../../model/request";
import { TextOrFile } from "./TextOrFile";

const SOURCES = [
  { value: "defaults", name: "The five defaults" },
  { value: "stored", name: "Stored profiles" },
  { value: "text", name: "Written here" },
] as const;

type Props = {
  stored: Shape["ProfileSummary"][] | undefined;
  form: RunForm;
  change: (part: Partial<RunForm>) => void;
  write: (text: string) => void;
  checked: readonly FieldFinding[] | undefined;
  refused: readonly FieldFinding[];
};

export function ProfileChoice({ stored, form, change, write, checked, refused }: Props) {
  return (
    <fieldset className="field">
      <legend>Profiles</legend>
      <p className="quiet">The exit ladder of a position is chosen by its symbol, strategy and regime.</p>
      <div className="radios">
        {SOURCES.map(({ value, name }) => (
          <label key={value}>
            <input
              type="radio"
              name="profiles-from"
              checked={form.from === value}
              onChange={() => change({ from: value })}
            />
            {name}
          </label>
        ))}
      </div>
      {form.from === "stored" && <Stored stored={stored} form={form} change={change} />}
      {form.from === "text" ? (
        <TextOrFile
          id="profiles"
          label="Profiles as YAML"
          hint="profiles: a list of names with tp_legs, trailing and stop_moves."
          accept=".yaml,.yml,.json"
          value={form.profiles}
          checked={checked}
          refused={refused}
          onChange={write}
        />
      ) : (
        <Findings id="profiles-findings" findings={refused} />
      )}
    </fieldset>
  );
}

function Stored({ stored, form, change }: Pick<Props, "stored" | "form" | "change">) {
  if (stored === undefined) return <p className="quiet">Reading the profiles.</p>;
  if (stored.length === 0) return <p className="quiet">No profile is stored yet.</p>;
  const toggle = (name: string): void =>
    change({ stored: form.stored.includes(name) ? form.stored.filter((one) => one !== name) : [...form.stored, name] });
  return (
    <ul className="choices">
      {stored.map(({ name }) => (
        <li key={name}>
          <label>
            <input type="checkbox" checked={form.stored.includes(name)} onChange={() => toggle(name)} />
            <span>{name}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}
