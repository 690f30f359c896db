import { Button } from "@mantine/core";
import type { Shape } from "../../api/client";
import { percent, words } from "../../model/format";
import { useRunActions } from "../runs/useRunActions";
import type { Progress } from "../useProgress";

const STAGES = ["reading", "running", "favorable", "measuring", "saving"] as const;
const MEANINGS: Record<string, string> = {
  queued: "waiting for a free worker",
  reading: "reading and checking the candles",
  running: "walking the candles",
  favorable: "walking them again on the favorable path",
  measuring: "measuring",
  saving: "saving",
};

/** How far a run is, as the server tells it; it can be stopped. */
export function UnderWay({ run, progress }: { run: Shape["RunDetail"]; progress: Progress | null }) {
  const { cancel, busy } = useRunActions();
  const told = progress ?? run.progress;
  const stage = told?.stage ?? run.status;
  const overall = told?.overall ?? 0;
  const reached = STAGES.findIndex((name) => name === stage);
  return (
    <section className="section under-way" aria-label="Progress">
      <div className="under-way-top">
        <b role="status">
          {MEANINGS[stage] ?? words(stage)}
          {told?.detail ? `: ${told.detail}` : ""}
        </b>
        <span>{percent(overall, 0)}</span>
        <Button size="compact-sm" variant="default" disabled={busy} onClick={() => cancel(run.run_id)}>
          Cancel
        </Button>
      </div>
      <progress max={1} value={overall} aria-label="Share of the run that is done" />
      <ol>
        {STAGES.filter((name) => name !== "favorable" || run.paths !== "adverse").map((name) => (
          <li
            key={name}
            aria-current={name === stage ? "step" : undefined}
            className={STAGES.indexOf(name) < reached ? "past" : undefined}
          >
            {name === "favorable" ? "favorable path" : name}
          </li>
        ))}
      </ol>
    </section>
  );
}
