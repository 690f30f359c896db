import { useParams } from "react-router";
import { api } from "../../api/client";
import { Failure } from "../Failure";
import { MOVING, useProgress } from "../useProgress";
import { Finished } from "./Finished";
import { RunHead } from "./RunHead";
import { UnderWay } from "./UnderWay";

/** A run: how far it is while it moves, and what came out of it. */
export function Run() {
  const { run_id = "" } = useParams();
  const run = api.useQuery("get", "/api/runs/{run_id}", { params: { path: { run_id } } });
  const moving = MOVING.has(run.data?.status ?? "");
  const progress = useProgress(run_id, moving);
  if (run.error) return <Failure fault={run.error} />;
  if (run.data === undefined) return <p className="quiet">Reading the run.</p>;
  return (
    <>
      <RunHead run={run.data} />
      {moving && <UnderWay run={run.data} progress={progress} />}
      {!moving && !run.data.has_results && <Ended run={run.data} />}
      {run.data.has_results && <Finished key={run.data.finished_at} run={run.data} />}
    </>
  );
}

const WORDS: Record<string, string> = {
  failed: "The run failed.",
  cancelled: "The run was cancelled; nothing of it was kept.",
  interrupted: "The server ended while the run was under way; nothing of it was kept.",
};

function Ended({ run }: { run: { status: string; error: string | null } }) {
  return (
    <section className="callout warn" role="alert">
      <p>
        <strong>{WORDS[run.status] ?? "The run has no results."}</strong>
      </p>
      {run.error !== null && <p className="fault">{run.error}</p>}
    </section>
  );
}
