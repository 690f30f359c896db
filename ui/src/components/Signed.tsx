import type { ReactNode } from "react";
import type { Amount } from "../model/decode";
import { sign } from "../model/format";

const NAMES = { "-1": "loss", "0": "", "1": "profit" } as const;

/** Colours what is written by the sign of what it stands for; the sign itself is written too. */
export function Signed({ of, title, children }: { of: Amount | null; title?: string; children: ReactNode }) {
  return (
    <span className={NAMES[`${sign(of)}`]} title={title}>
      {children}
    </span>
  );
}
