import type { ReactNode } from "react";

/** Holds a table that may be wider than the page; reachable by keyboard, so that it can be scrolled without a mouse. */
export function Scroll({ name, children }: { name: string; children: ReactNode }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="scroll" tabIndex={0} role="region" aria-label={name}>
      {children}
    </div>
  );
}
