import type { KeyboardEvent } from "react";

/** Arrow keys walk from row to row, Home and End to the ends; Enter and Space open, as on any button. */
export function moveFocus(count: number, scrollTo: (index: number) => void) {
  return (event: KeyboardEvent<HTMLElement>): void => {
    const place = Number((event.target as HTMLElement).dataset.toggle ?? Number.NaN);
    const moves: Record<string, number> = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: count - 1 };
    const next = moves[event.key];
    if (Number.isNaN(place) || next === undefined || next < 0 || next >= count) return;
    event.preventDefault();
    const list = event.currentTarget;
    const focus = (tries: number): void => {
      const button = list.querySelector<HTMLElement>(`[data-toggle="${next}"]`);
      if (button) button.focus({ preventScroll: tries < 20 });
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
    };
    scrollTo(next);
    focus(20);
  };
}
