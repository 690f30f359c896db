import { ProgressBar } from "../../components/ProgressBar";
import { words } from "../../model/format";
import type { Shape } from "../../api/client";
import { useProgress } from "../useProgress";

/** A running run is followed as it goes. A queued one is not: a browser holds few lines to one server. */
export function RunStatus({ run }: { run: Shape["RunSummary"] }) {
  const told = useProgress(run.run_id, run.status === "running");
  const status = told?.status ?? run.status;
  const share = told?.overall ?? run.progress?.overall;
  return (
    <span className={`run-status ${status}`} title={run.error ?? undefined}>
      {status === "running" && share !== undefined ? (
        <ProgressBar share={share} name={`Progress of ${run.label ?? run.run_id}`} />
      ) : (
        words(status)
      )}
    </span>
  );
}
