import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { api, type Shape } from "../../api/client";
import { Section } from "../../components/Section";
import { useMoment } from "../../components/zone";
import { exact, inR, percent } from "../../model/format";
import { Failure } from "../Failure";
import { Arms } from "./Arms";
import "./experiments.css";
import { interval, level, STATES } from "./model";
import { SequenceChart } from "./SequenceChart";
import { SetTable } from "./SetTable";
import { StopButton } from "./StopButton";

const POLL = 1_000;
type Detail = Shape["ExperimentDetail"];

/** One experiment: what it says, how it came to it, and every set under both arms. */
export function Experiment() {
  const { experimentId = "" } = useParams();
  const client = useQueryClient();
  const asked = { params: { path: { experiment_id: experimentId } } };
  const read = api.useQuery("get", "/api/experiments/{experiment_id}", asked, {
    refetchInterval: ({ state }) => (state.data?.state === "running" ? POLL : false),
  });
  if (read.error) return <Failure fault={read.error} />;
  if (read.data === undefined) return <p className="quiet">Reading the experiment.</p>;
  const one = read.data;
  return (
    <>
      <header className="screen-head">
        <h1>{one.name}</h1>
        <Link to="/experiments">All experiments</Link>
        {one.state === "running" && (
          <StopButton
            experimentId={one.experiment_id}
            stopped={(now) => client.setQueryData(api.queryOptions("get", "/api/experiments/{experiment_id}", asked).queryKey, now)}
          />
        )}
      </header>
      <Verdict one={one} />
      <Section id="arms" title="Arms">
        <Arms one={one} />
      </Section>
      {one.state !== "running" && one.paired !== null && <Told one={one} />}
      {one.notes.length > 0 && (
        <Section id="notes" title="Notes">
          <ul className="plain-list">
            {one.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

function Verdict({ one }: { one: Detail }) {
  const at = useMoment();
  return (
    <section className="section verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title" className="unseen">
        Verdict
      </h2>
      {one.state === "running" ? (
        <>
          <p className="said">Every set is being replayed under both arms.</p>
          <progress className="progress-bar" max={1} value={one.progress ?? 0} aria-label="Replay" />
        </>
      ) : (
        <p className="said">{one.verdict ?? (one.state === "failed" ? one.error : "Stopped before it could say anything.")}</p>
      )}
      <p className="quiet">
        <span className={`run-status ${one.state}`}>{STATES[one.state]}</span>, made {at(one.created_at)}. {one.stop_rule}{" "}
        {level(one.alpha)} hold over all looks together, from {one.min_sets} sets on.{" "}
        <Link to={`/compare/${encodeURIComponent(one.run_id)}`}>The replay as a comparison</Link>
        {one.source_run && (
          <>
            , on the entries of <Link to={`/runs/${encodeURIComponent(one.source_run)}`}>{one.source_run}</Link>
          </>
        )}
        .
      </p>
    </section>
  );
}

function Told({ one }: { one: Detail }) {
  const names = [one.arms[0] ?? "", one.arms[1] ?? ""] as const;
  return (
    <>
      <Section
        id="differences"
        title={`${names[0]} minus ${names[1]}`}
        lead={`${one.stopped_at_set === null ? "After" : "Where it stopped, after"} ${exact(one.paired?.num_sets ?? 0)} sets.`}
      >
        <div className="views">
          <View
            name="Paired"
            about="Every set under both arms. The verdict is of this one."
            of={one.paired}
            alpha={one.alpha}
          />
          <View
            name="As assigned"
            about="Each set under its own arm alone, weighted by its share, as live trading would have shown it."
            of={one.assigned}
            alpha={one.alpha}
          />
          <dl className="view">
            <dt>Sets that ended better, worse</dt>
            <dd>
              {percent(one.share_better)}, {percent(one.share_worse)}
            </dd>
            <dd className="quiet">under {names[0]} than under {names[1]}; the others ended alike.</dd>
          </dl>
        </div>
      </Section>
      <Section
        id="sequence"
        title="Paired difference, set by set"
        lead="The band may be looked at after every set. It moves when a UTC day is over, and begins once it can be bounded."
      >
        <SequenceChart points={one.sequence} stoppedAt={one.stopped_at_set} names={names} level={level(one.alpha)} />
      </Section>
      <SetTable experimentId={one.experiment_id} names={names} />
    </>
  );
}

type ViewProps = { name: string; about: string; of: Shape["Difference"] | null; alpha: number };

function View({ name, about, of, alpha }: ViewProps) {
  return (
    <dl className="view">
      <dt>{name}</dt>
      <dd className="figure">{inR(of?.mean ?? null)}</dd>
      <dd>{of && (of.low !== null || of.high !== null) ? `${level(alpha)}: ${interval(of)}` : "no interval yet"}</dd>
      <dd className="quiet">{about}</dd>
    </dl>
  );
}
