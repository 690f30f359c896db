import { useState } from "react";
import { client, type Shape } from "../../api/client";
import { Failure } from "../Failure";

type Props = { experimentId: string; stopped: (now: Shape["ExperimentDetail"]) => void };

/** Asks once more, because what was replayed so far is lost. */
export function StopButton({ experimentId, stopped }: Props) {
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const stop = async (): Promise<void> => {
    setFault(null);
    try {
      const { data } = await client.POST("/api/experiments/{experiment_id}/stop", {
        params: { path: { experiment_id: experimentId } },
      });
      if (data) stopped(data);
    } catch (error) {
      setFault(error);
    }
    setAsking(false);
  };
  if (!asking)
    return (
      <>
        <button type="button" className="plain-button" onClick={() => setAsking(true)}>
          Stop
        </button>
        {fault !== null && <Failure fault={fault} />}
      </>
    );
  return (
    <span className="confirming" role="alertdialog" aria-label="Stop the experiment">
      Stop without a verdict?
      <button type="button" className="plain-button main" onClick={() => void stop()}>
        Stop it
      </button>
      <button type="button" className="plain-button" onClick={() => setAsking(false)}>
        Go on
      </button>
    </span>
  );
}
