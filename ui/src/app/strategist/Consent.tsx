import { useEffect, useRef, useState } from "react";
import { client } from "../../api/client";
import { Failure } from "../Failure";
import type { Detail } from "./model";

type Props = { one: Detail; changed: (now: Detail) => void };

/** What an operator can do with a plan: promote it one step by typing the word, or withdraw it. */
export function Consent({ one, changed }: Props) {
  const [asking, setAsking] = useState<"promote" | "withdraw" | null>(null);
  const over = one.state === "retired" || one.state === "rejected";
  if (over) return null;
  const done = (now: Detail): void => {
    setAsking(null);
    changed(now);
  };
  return (
    <div className="controls operator">
      {one.next_state !== null && (
        <button type="button" className="plain-button main" disabled={one.consent === null} onClick={() => setAsking("promote")}>
          {one.next_state === "active" ? "Put into force" : "Promote to shadow"}
        </button>
      )}
      <button type="button" className="plain-button" onClick={() => setAsking("withdraw")}>
        {one.state === "active" ? "Take out of force" : "Reject"}
      </button>
      {one.consent === null && one.state !== "active" && (
        <span className="quiet">{one.state === "shadow" ? "It needs a review on newer candles." : "It needs a review that every gate passes."}</span>
      )}
      {asking && <Asking one={one} step={asking} done={done} cancel={() => setAsking(null)} />}
    </div>
  );
}

type AskingProps = { one: Detail; step: "promote" | "withdraw"; done: (now: Detail) => void; cancel: () => void };

function Asking({ one, step, done, cancel }: AskingProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [operator, setOperator] = useState("");
  const [word, setWord] = useState("");
  const [note, setNote] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const promotes = step === "promote";
  const may = operator.trim() !== "" && (!promotes || word.trim() === one.consent);
  const go = async (): Promise<void> => {
    setFault(null);
    const params = { path: { proposal_id: one.proposal_id } };
    const said = { operator, note: note || null };
    try {
      const { data } = promotes
        ? await client.POST("/api/strategist/proposals/{proposal_id}/promote", { params, body: { ...said, consent: word.trim() } })
        : await client.POST("/api/strategist/proposals/{proposal_id}/withdraw", { params, body: said });
      if (data) done(data);
    } catch (error) {
      setFault(error);
    }
  };
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby="consent-title" onClose={cancel}>
      <h2 id="consent-title">{promotes ? `Promote to ${one.next_state}?` : "Withdraw this plan?"}</h2>
      <p>
        {promotes
          ? one.next_state === "active"
            ? "It comes into force, and the plan in force is retired. Open positions keep the plan that they began under."
            : "It is followed on the candles that come, and decides nothing."
          : "It does not come back under this evidence. Open positions keep the plan that they began under."}
      </p>
      <form
        className="consenting"
        onSubmit={(event) => {
          event.preventDefault();
          if (may) void go();
        }}
      >
        <div className="control">
          <label htmlFor="operator">Your name</label>
          <input id="operator" required maxLength={80} value={operator} onChange={(event) => setOperator(event.currentTarget.value)} />
        </div>
        {promotes && (
          <div className="control">
            <label htmlFor="word">
              Type <code>{one.consent}</code> to consent to what is shown
            </label>
            <input id="word" required autoComplete="off" spellCheck={false} value={word} onChange={(event) => setWord(event.currentTarget.value)} />
          </div>
        )}
        <div className="control">
          <label htmlFor="step-note">Why (optional)</label>
          <input id="step-note" maxLength={500} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        </div>
        {fault !== null && <Failure fault={fault} />}
        <div className="buttons">
          <button type="button" className="action plainly" onClick={() => dialog.current?.close()}>
            Leave it
          </button>
          <button type="submit" className={promotes ? "action" : "action danger"} disabled={!may}>
            {promotes ? "I consent" : "Withdraw it"}
          </button>
        </div>
      </form>
    </dialog>
  );
}
