import type { ReactNode } from "react";
import type { FieldFault } from "../../api/problem";
import { faultsOf } from "./model";

type Props = { id: string; name: string; errors: FieldFault[]; at: string; children: ReactNode };

/** A label, its control, and what the server said against it. */
export function Field({ id, name, errors, at, children }: Props) {
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      {children}
      {faultsOf(errors, at).map((message) => (
        <span key={message} className="loss">
          {message}
        </span>
      ))}
    </div>
  );
}
