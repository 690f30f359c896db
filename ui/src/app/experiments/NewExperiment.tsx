import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, client } from "../../api/client";
import { type FieldFault, Problem } from "../../api/problem";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { ArmFields } from "./ArmFields";
import "./experiments.css";
import { Field } from "./Field";
import { type ArmDraft, type Draft, newDraft, requestOf } from "./model";

/** Two arms, whose entries they meet, and when it may stop. */
export function NewExperiment() {
  const go = useNavigate();
  const address = useAddress();
  const [draft, setDraft] = useState<Draft>(() => newDraft(address.one("of")));
  const [fault, setFault] = useState<unknown>(null);
  const [waiting, setWaiting] = useState(false);
  const runs = api.useQuery("get", "/api/runs", { params: { query: { status: ["done"], page_size: 100 } } });
  const errors: FieldFault[] = fault instanceof Problem ? fault.errors : [];
  const change = (part: Partial<Draft>): void => setDraft({ ...draft, ...part });
  const arm = (place: 0 | 1, part: Partial<ArmDraft>): void => {
    const arms: Draft["arms"] = [...draft.arms];
    arms[place] = { ...arms[place], ...part };
    change({ arms });
  };
  const start = async (): Promise<void> => {
    setWaiting(true);
    setFault(null);
    try {
      const { data } = await client.POST("/api/experiments", { body: requestOf(draft) });
      if (data) await go(`/experiments/${encodeURIComponent(data.experiment_id)}`);
    } catch (error) {
      setFault(error);
    }
    setWaiting(false);
  };
  return (
    <>
      <header className="screen-head">
        <h1>Start an experiment</h1>
        <Link to="/experiments">All experiments</Link>
      </header>
      <form
        className="section"
        aria-label="Start an experiment"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <div className="fields">
          <Field id="name" name="Name" errors={errors} at="name">
            <input
              id="name"
              required
              maxLength={100}
              value={draft.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
          </Field>
          <Field id="source" name="Entries and candles of" errors={errors} at="source_run">
            <select
              id="source"
              required
              value={draft.sourceRun}
              onChange={(event) => change({ sourceRun: event.currentTarget.value })}
            >
              <option value="">Choose a run</option>
              {runs.data?.items.map((one) => (
                <option key={one.run_id} value={one.run_id}>
                  {one.label ?? one.run_id} ({one.symbols.join(", ")} {one.timeframe})
                </option>
              ))}
            </select>
          </Field>
        </div>
        <div className="two-arms">
          <ArmFields place={0} arm={draft.arms[0]} change={(part) => arm(0, part)} errors={errors} />
          <ArmFields place={1} arm={draft.arms[1]} change={(part) => arm(1, part)} errors={errors} />
        </div>
        <StopFields draft={draft} change={change} errors={errors} />
        {fault !== null && <Failure fault={fault} />}
        <button type="submit" className="plain-button main" disabled={waiting}>
          Start the experiment
        </button>
      </form>
    </>
  );
}

type StopProps = { draft: Draft; change: (part: Partial<Draft>) => void; errors: FieldFault[] };

function StopFields({ draft, change, errors }: StopProps) {
  return (
    <fieldset className="choices bare">
      <legend className="quiet">When it may stop</legend>
      <div className="fields">
        <Field id="alpha" name="Wrong at most" errors={errors} at="alpha">
          <select id="alpha" value={draft.alpha} onChange={(event) => change({ alpha: event.currentTarget.value })}>
            <option value="0.01">1 time in 100</option>
            <option value="0.05">1 time in 20</option>
            <option value="0.1">1 time in 10</option>
            <option value="0.2">1 time in 5</option>
          </select>
        </Field>
        <NumberField id="min-sets" name="No verdict before, sets" at="min_sets" value={draft.minSets} set={(minSets) => change({ minSets })} errors={errors} />
        <NumberField id="max-sets" name="At most, sets (optional)" at="max_sets" value={draft.maxSets} set={(maxSets) => change({ maxSets })} errors={errors} />
        <NumberField id="margin" name="Does not matter within, R (optional)" at="futility_margin" value={draft.margin} set={(margin) => change({ margin })} errors={errors} step="any" />
        <Field id="salt" name="Salt of the assignment (optional)" errors={errors} at="salt">
          <input id="salt" maxLength={100} value={draft.salt} onChange={(event) => change({ salt: event.currentTarget.value })} />
        </Field>
      </div>
    </fieldset>
  );
}

type NumberProps = { id: string; name: string; at: string; value: string; set: (value: string) => void; errors: FieldFault[]; step?: string };

function NumberField({ id, name, at, value, set, errors, step = "1" }: NumberProps) {
  return (
    <Field id={id} name={name} errors={errors} at={at}>
      <input id={id} type="number" min={0} step={step} value={value} onChange={(event) => set(event.currentTarget.value)} />
    </Field>
  );
}
