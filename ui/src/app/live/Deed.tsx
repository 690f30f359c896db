import { type ReactNode, useEffect, useRef, useState } from "react";
import { Failure } from "../Failure";
import { newKey } from "./model";

const NAME = "exitbrain-operator";

type Props = {
  title: string;
  children: ReactNode;
  action: string;
  danger?: boolean;
  ready?: boolean;
  noted?: boolean;
  leave?: string;
  go: (said: { by: string; note: string; key: string }) => Promise<void>;
  close: () => void;
};

/** Asks before an operator's deed: who does it, and why. The browser's own dialog holds the focus and closes with Escape. */
export function Deed({ title, children, action, danger = false, ready = true, noted = true, leave = "Leave it", go, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [by, setBy] = useState(() => localStorage.getItem(NAME) ?? "");
  const [note, setNote] = useState("");
  const [key] = useState(newKey);
  const [waiting, setWaiting] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const send = async (): Promise<void> => {
    setWaiting(true);
    setFault(null);
    localStorage.setItem(NAME, by.trim());
    try {
      await go({ by: by.trim() || "web", note: note.trim(), key });
    } catch (error) {
      setFault(error);
    }
    setWaiting(false);
  };
  return (
    <dialog ref={dialog} className="confirm deed" aria-labelledby="deed-title" onClose={close}>
      <h2 id="deed-title">{title}</h2>
      <div>{children}</div>
      <form
        className="consenting"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !waiting) void send();
        }}
      >
        <div className="control">
          <label htmlFor="deed-by">Your name, for the record (optional)</label>
          <input id="deed-by" maxLength={80} value={by} onChange={(event) => setBy(event.currentTarget.value)} />
        </div>
        {noted && (
          <div className="control">
            <label htmlFor="deed-note">Why (optional)</label>
            <input id="deed-note" maxLength={500} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          </div>
        )}
        {fault !== null && <Failure fault={fault} />}
        <div className="buttons">
          <button type="button" className="action plainly" onClick={() => dialog.current?.close()}>
            {leave}
          </button>
          <button type="submit" className={danger ? "action danger" : "action"} disabled={!ready || waiting}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
