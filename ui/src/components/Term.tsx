import { Tooltip } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";

/** Tells what something means to the pointer, to a touch and to the keyboard that stands on it. */
export function Meaning({ of, children }: { of: string | undefined; children: ReactElement }) {
  if (of === undefined) return children;
  return (
    <Tooltip label={of} multiline maw={280} events={{ hover: true, focus: true, touch: true }} transitionProps={{ duration: 0 }}>
      {children}
    </Tooltip>
  );
}

/** A word, and what it means where that is told. */
export function Term({ children, meaning }: { children: ReactNode; meaning: string | undefined }) {
  if (meaning === undefined) return children;
  return (
    <Meaning of={meaning}>
      <button type="button" className="term">
        {children}
      </button>
    </Meaning>
  );
}
