import { useEffect, useRef, type ReactNode } from "react";

type Props = { title: string; children: ReactNode; action: string; onConfirm: () => void; onCancel: () => void };

/** Asks before something is gone for good. The browser's own dialog holds the focus and closes with Escape. */
export function Confirm({ title, children, action, onConfirm, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby="confirm-title" onClose={onCancel}>
      <h2 id="confirm-title">{title}</h2>
      <div>{children}</div>
      <div className="buttons">
        <button type="button" className="action plainly" onClick={() => dialog.current?.close()}>
          Keep it
        </button>
        <button type="button" className="action danger" onClick={onConfirm}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
