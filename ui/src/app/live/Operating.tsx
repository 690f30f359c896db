import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Shape } from "../../api/client";
import { useMoment } from "../../components/zone";
import { words } from "../../model/format";
import { Deed } from "./Deed";
import { commandOf, EVERY } from "./model";

type LatchProps = { state: Shape["LatchState"]; alive: boolean };

/** The list of what was asked is read anew. */
function useAskedAnew(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: ["get", "/api/commands"] });
}

export function Latch({ state, alive }: LatchProps) {
  const at = useMoment();
  const [asking, setAsking] = useState<"set" | "clear" | null>(null);
  const anew = useAskedAnew();
  return (
    <section className="section" aria-labelledby="latch-title">
      <header className="section-head">
        <h2 id="latch-title">
          Risk-off latch: <span className={state.is_on ? "loss" : "quiet"}>{state.is_on ? "on" : "off"}</span>
        </h2>
        <span className="deeds">
          <button type="button" className="plain-button" onClick={() => setAsking("set")}>
            Set
          </button>
          <button type="button" className="plain-button" disabled={!state.is_on} onClick={() => setAsking("clear")}>
            Clear
          </button>
        </span>
      </header>
      {state.causes.length > 0 ? (
        <ul className="plain-list">
          {state.causes.map((one) => (
            <li key={`${one.place} ${one.cause}`}>
              {one.place === EVERY ? "portfolio" : one.place}: {words(one.cause)}
              {one.at && <span className="quiet"> since {at(one.at)}</span>}
            </li>
          ))}
        </ul>
      ) : (
        <p className="quiet">While it is on, risk-off exits rank above entries.</p>
      )}
      <Waiting pending={state.pending} alive={alive} />
      {asking && (
        <Deed
          title={asking === "set" ? "Set the latch of the portfolio?" : "Clear the latch?"}
          action={asking === "set" ? "Set it" : "Clear it"}
          close={() => setAsking(null)}
          go={async ({ by, note, key }) => {
            const header = { "Idempotency-Key": key };
            await client.POST("/api/latch", { params: { header }, body: { action: asking, place: EVERY, by, note } });
            setAsking(null);
            anew();
          }}
        >
          <p>
            {asking === "set"
              ? "It stays on until an operator clears it."
              : "All of its causes go, also those that rules have set."}
            {!alive && " No monitor runs: the next one takes it when it starts."}
          </p>
        </Deed>
      )}
    </section>
  );
}

type KillProps = { state: Shape["KillState"]; alive: boolean };

export function KillSwitch({ state, alive }: KillProps) {
  const at = useMoment();
  const [asking, setAsking] = useState(false);
  const anew = useAskedAnew();
  return (
    <section className={state.is_on ? "section killed" : "section"} aria-labelledby="kill-title">
      <header className="section-head">
        <h2 id="kill-title">
          Kill switch: <span className={state.is_on ? "loss" : "quiet"}>{state.is_on ? "on" : "off"}</span>
        </h2>
        <button type="button" className={state.is_on ? "plain-button" : "action danger"} onClick={() => setAsking(true)}>
          {state.is_on ? "Turn it off" : "Turn it on"}
        </button>
      </header>
      <p className={state.is_on ? undefined : "quiet"}>
        {state.is_on
          ? `Since ${at(state.at)}${state.by ? `, by ${state.by}` : ""}${state.cause ? `: ${state.cause}` : ""}. Ladders and rules pause.`
          : "It pauses ladders and rules. Stops stay and are replaced."}
      </p>
      <Waiting pending={state.pending} alive={alive} />
      {asking && (
        <Deed
          title={state.is_on ? "Turn the kill switch off?" : "Turn the kill switch on?"}
          action={state.is_on ? "Turn it off" : "Turn it on"}
          danger={!state.is_on}
          close={() => setAsking(false)}
          go={async ({ by, note, key }) => {
            const told = { params: { header: { "Idempotency-Key": key } }, body: { by, cause: note } };
            await (state.is_on ? client.POST("/api/kill/resume", told) : client.POST("/api/kill", told));
            setAsking(false);
            anew();
          }}
        >
          <p>
            {state.is_on
              ? "Ladders and rules act again at once, on what they see then."
              : "Stops stay at the venue and are replaced where they are lost. Nothing else is sent, but what you flatten."}
          </p>
        </Deed>
      )}
    </section>
  );
}

/** Something of the monitor's own broke: it protects only, until somebody lets it go on. */
export function Fault({ fault }: { fault: string }) {
  const [asking, setAsking] = useState(false);
  const anew = useAskedAnew();
  return (
    <div className="callout warn fault-of" role="alert">
      <p>
        <strong>{fault}.</strong> Ladders and rules pause; stops stay and are replaced.
      </p>
      <button type="button" className="plain-button" onClick={() => setAsking(true)}>
        Go on
      </button>
      {asking && (
        <Deed
          title="Let it go on?"
          action="Go on"
          close={() => setAsking(false)}
          go={async ({ by, note, key }) => {
            await client.POST("/api/kill/resume", { params: { header: { "Idempotency-Key": key } }, body: { by, cause: note } });
            setAsking(false);
            anew();
          }}
        >
          <p>Ladders and rules act again at once. What broke may break again; the log has more.</p>
        </Deed>
      )}
    </div>
  );
}

function Waiting({ pending, alive }: { pending: readonly Shape["Command"][]; alive: boolean }) {
  if (pending.length === 0) return null;
  return (
    <p className="quiet" role="status">
      {alive ? "Asked" : "Waits for a monitor"}: {pending.map(commandOf).join(", ")}
    </p>
  );
}
