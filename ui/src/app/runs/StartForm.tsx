import { useState, type FormEvent } from "react";
import { useNavigate } from "react-router";
import { api, type Shape } from "../../api/client";
import { Problem } from "../../api/problem";
import { Findings } from "../../components/Findings";
import { faultsByField, requestOf, type RunForm, type TextField } from "../../model/request";
import { Failure } from "../Failure";
import { CandleChoice } from "./CandleChoice";
import { ProfileChoice } from "./ProfileChoice";
import { Settings } from "./Settings";
import { TextOrFile } from "./TextOrFile";
import { useFindings } from "./useFindings";

type Props = { first: RunForm; files: Shape["CandleFile"][]; stored: Shape["ProfileSummary"][] | undefined };

export function StartForm({ first, files, stored }: Props) {
  const [form, setForm] = useState(first);
  const [corrected, setCorrected] = useState<ReadonlySet<string>>(new Set());
  const { checked, check } = useFindings();
  const go = useNavigate();
  const start = api.useMutation("post", "/api/runs", {
    onSuccess: ({ run_id }) => void go(`/runs/${encodeURIComponent(run_id)}`),
  });
  const faults: ReadonlyMap<string, Problem["errors"]> =
    start.error instanceof Problem ? faultsByField(start.error.errors) : new Map();
  // A refusal speaks of what was sent: it leaves a field as soon as the field is changed.
  const refused = (field: string) => (corrected.has(field) ? [] : (faults.get(field) ?? []));

  const change = (part: Partial<RunForm>): void => {
    setForm((before) => ({ ...before, ...part }));
    const touched = Object.keys(part).map((name) => FIELD_OF[name] ?? name);
    setCorrected((before) => new Set([...before, ...touched]));
  };
  const write = (field: TextField) => (text: string) => {
    change({ [field]: text });
    check(field, text);
  };
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setCorrected(new Set());
    start.mutate({ body: requestOf(form) });
  };
  const field = (name: TextField) => ({
    id: name,
    value: form[name],
    checked: checked[name],
    refused: refused(name),
    onChange: write(name),
  });
  return (
    <form className="start" onSubmit={send} noValidate>
      <header className="screen-head">
        <h1>Start a run</h1>
      </header>
      {start.error !== null && start.error !== undefined && <Refusal fault={start.error} general={refused("")} />}
      <div className="two start-parts">
        <section className="section" aria-label="Market">
          <CandleChoice files={files} form={form} change={change} refused={refused("candles")} />
          <TextOrFile
            {...field("entries")}
            label="Entries"
            hint="CSV: timestamp, symbol, side, and what else is known. Leave it empty where the plan enters by itself."
            rows={5}
            accept=".csv"
          />
          <Settings form={form} change={change} refused={refused} files={files} />
        </section>
        <section className="section" aria-label="Exits">
          <TextOrFile
            {...field("plan")}
            label="Plan"
            hint="YAML: triggers that enter, trim and close. Without one, the ladder alone closes."
            rows={14}
            accept=".yaml,.yml,.json"
          />
          <ProfileChoice
            stored={stored}
            form={form}
            change={change}
            write={write("profiles")}
            checked={checked.profiles}
            refused={refused("profiles")}
          />
          <TextOrFile
            {...field("config")}
            label="Config"
            hint="YAML: instrument, execution, account, exits, guardrails. What is left out has its default."
            rows={8}
            accept=".yaml,.yml,.json"
          />
        </section>
      </div>
      <div className="send">
        <button type="submit" className="action" disabled={start.isPending}>
          Start the run
        </button>
      </div>
    </form>
  );
}

const FIELD_OF: Record<string, string> = { paths_of_candles: "candles", stored: "profiles", from: "profiles" };

/** What the server refused belongs beside its field; only what has none is told here. */
function Refusal({ fault, general }: { fault: unknown; general: Problem["errors"] }) {
  if (!(fault instanceof Problem) || fault.errors.length === 0) return <Failure fault={fault} />;
  return (
    <div className="callout warn" role="alert">
      <p>The run was not started: {general.length === 0 ? "the faults stand beside their fields." : ""}</p>
      <Findings id="general-findings" findings={general} />
    </div>
  );
}
