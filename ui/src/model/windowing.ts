/** Which candles to ask for as a reader zooms and scrolls: a window wider than the view, and never too many bars. */

export type Span = { from: number; to: number };

const AROUND = 1;
const FEW = 0.25;
/** As many candles as a view draws well; the server merges bars until they fit. */
export const MOST_BARS = 6_000;

/** The span to fetch for this view, or null while what is there still serves it. Seconds since 1970. */
export function spanToFetch(view: Span, held: Span, whole: Span, barsPerCandle: number, bar: number): Span | null {
  const width = Math.max(view.to - view.from, bar);
  const wanted = within({ from: view.from - AROUND * width, to: view.to + AROUND * width }, whole);
  const lacksLeft = held.from > whole.from && view.from < held.from + FEW * width;
  const lacksRight = held.to < whole.to && view.to > held.to - FEW * width;
  const couldBeFiner = barsPerCandle > 1 && (wanted.to - wanted.from) * 2 < held.to - held.from;
  if (!lacksLeft && !lacksRight && !couldBeFiner) return null;
  return same(wanted, held, bar) ? null : wanted;
}

function within(span: Span, whole: Span): Span {
  return { from: Math.max(span.from, whole.from), to: Math.min(Math.max(span.to, whole.from), whole.to) };
}

const same = (a: Span, b: Span, bar: number): boolean => Math.abs(a.from - b.from) < bar && Math.abs(a.to - b.to) < bar;

export const isoOf = (seconds: number): string => new Date(Math.round(seconds) * 1000).toISOString().replace(".000", "");
export const secondsOf = (iso: string): number => Date.parse(iso) / 1000;
