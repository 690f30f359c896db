import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";

type Hidden = { before: boolean; after: boolean };

/** Holds a table that may be wider than the page: says at its edges that there is more, and keeps the names of the rows. */
export function Scroll({ name, children }: { name: string; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [hidden, setHidden] = useState<Hidden>({ before: false, after: false });
  const look = useCallback((): void => {
    if (place.current === null) return;
    const now = hiddenIn(place.current);
    setHidden((known) => (known.before === now.before && known.after === now.after ? known : now));
  }, []);
  useEffect(() => {
    const sizes = new ResizeObserver(look);
    const one = place.current;
    for (const seen of one === null ? [] : [one, ...one.children]) sizes.observe(seen);
    return () => sizes.disconnect();
  }, [look]);
  const sides = [hidden.before && "before", hidden.after && "after"].filter(Boolean).join(" ");
  return (
    <div className="scroll-frame" data-hidden={sides || undefined}>
      {/* By the keyboard, too: else it could not be scrolled without a mouse. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div ref={place} className="scroll" tabIndex={0} role="region" aria-label={name} onScroll={look}>
        {children}
      </div>
    </div>
  );
}

function hiddenIn({ scrollLeft, scrollWidth, clientWidth }: HTMLElement): Hidden {
  return { before: scrollLeft > 1, after: scrollLeft + clientWidth < scrollWidth - 1 };
}
