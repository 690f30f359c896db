import { api } from "../../api/client";
import type { FieldFault } from "../../api/problem";
import { Field } from "./Field";
import type { ArmDraft } from "./model";

type Props = { place: 0 | 1; arm: ArmDraft; change: (part: Partial<ArmDraft>) => void; errors: FieldFault[] };

/** What one arm does otherwise than the run. */
export function ArmFields({ place, arm, change, errors }: Props) {
  const profiles = api.useQuery("get", "/api/profiles", {});
  const at = `arms.${place}`;
  const id = (part: string): string => `arm-${place}-${part}`;
  return (
    <fieldset className="arm">
      <legend>{place === 0 ? "First arm" : "Second arm"}</legend>
      <Field id={id("name")} name="Name" errors={errors} at={`${at}.name`}>
        <input
          id={id("name")}
          required
          pattern="[A-Za-z0-9][A-Za-z0-9_\-]{0,31}"
          title="Letters, digits, - and _"
          value={arm.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
      </Field>
      <Field id={id("profile")} name="Profile" errors={errors} at={`${at}.profiles`}>
        <select id={id("profile")} value={arm.profile} onChange={(event) => change({ profile: event.currentTarget.value })}>
          <option value="">Those of the run</option>
          {profiles.data?.items
            .filter(({ source }) => source === "stored")
            .map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
        </select>
      </Field>
      <Field id={id("config")} name="Settings over those of the run, YAML" errors={errors} at={`${at}.config`}>
        <textarea
          id={id("config")}
          rows={4}
          spellCheck={false}
          placeholder={"exits:\n  default_stop_pct: 4"}
          value={arm.config}
          onChange={(event) => change({ config: event.currentTarget.value })}
        />
      </Field>
      <label className="tick">
        <input
          type="checkbox"
          checked={arm.emergency}
          onChange={(event) => change({ emergency: event.currentTarget.checked })}
        />
        Every risk reduction leaves in full
      </label>
      <Field id={id("weight")} name="Share of the sets, relative" errors={errors} at={`${at}.weight`}>
        <input
          id={id("weight")}
          type="number"
          min={0.001}
          step="any"
          value={arm.weight}
          onChange={(event) => change({ weight: event.currentTarget.value })}
        />
      </Field>
    </fieldset>
  );
}
