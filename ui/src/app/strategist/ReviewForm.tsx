import { useState } from "react";
import { api, client } from "../../api/client";
import { Failure } from "../Failure";
import { CandleNames } from "./CandleNames";
import type { Detail } from "./model";

type Props = { one: Detail; changed: (now: Detail) => void };

/** Judges the plan where it stands. The answer takes as long as the runs do. */
export function ReviewForm({ one, changed }: Props) {
  const [candles, setCandles] = useState<string[]>([]);
  const [days, setDays] = useState("30");
  const [waiting, setWaiting] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const files = api.useQuery("get", "/api/candles");
  const review = async (): Promise<void> => {
    setWaiting(true);
    setFault(null);
    try {
      const { data } = await client.POST("/api/strategist/proposals/{proposal_id}/review", {
        params: { path: { proposal_id: one.proposal_id } },
        body: { candles, days: Number(days), held_out: 3, shadow_bars: 48 },
      });
      if (data) changed(data);
    } catch (error) {
      setFault(error);
    }
    setWaiting(false);
  };
  return (
    <form
      className="controls"
      aria-label="Review"
      onSubmit={(event) => {
        event.preventDefault();
        void review();
      }}
    >
      <CandleNames files={files.data?.items} chosen={candles} choose={setCandles} />
      <div className="control">
        <label htmlFor="days">Days of each window</label>
        <input id="days" type="number" min={1} max={3660} required value={days} onChange={(event) => setDays(event.currentTarget.value)} />
      </div>
      <button type="submit" className="plain-button main" disabled={waiting || candles.length === 0}>
        {one.state === "shadow" ? "Review on newer candles" : "Review"}
      </button>
      {waiting && (
        <span className="quiet" role="status">
          The plan is being run.
        </span>
      )}
      {fault !== null && <Failure fault={fault} />}
    </form>
  );
}
