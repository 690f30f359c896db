import { keepPreviousData } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { api, type Shape } from "../../api/client";
import { windowOfServed } from "../../model/served";
import { placeAt } from "../../model/window";
import { isoOf, MOST_BARS, secondsOf, spanToFetch, type Span } from "../../model/windowing";

/** Candles around a set, and more of them as the view asks; the last ones stay until the next have come. */
export function useCandles(run_id: string, detail: Shape["TradeSetDetail"]) {
  const hint: Span = useMemo(
    () => ({ from: secondsOf(detail.window.start), to: secondsOf(detail.window.end) }),
    [detail.window.start, detail.window.end],
  );
  const [span, setSpan] = useState<Span>(() => wider(hint));
  const asked = api.useQuery(
    "get",
    "/api/runs/{run_id}/candles",
    {
      params: {
        path: { run_id },
        query: { symbol: detail.symbol, from: isoOf(span.from), to: isoOf(span.to), max_bars: MOST_BARS },
      },
    },
    { placeholderData: keepPreviousData, staleTime: Infinity },
  );
  const { data, isPlaceholderData } = asked;
  const cut = useMemo(() => data && windowOfServed(data), [data]);
  const bands = useMemo(
    () =>
      data && cut
        ? data.regimes.map(({ start, end, regime }) => ({
            from: placeAt(cut.candles, start),
            to: placeAt(cut.candles, end),
            regime,
          }))
        : [],
    [data, cut],
  );
  const view = useCallback(
    (seen: Span): void => {
      if (!data || isPlaceholderData || data.start === null || data.end === null) return;
      const bar = barSeconds(data);
      const whole = { from: secondsOf(data.start), to: secondsOf(data.end) + bar };
      const next = spanToFetch(seen, span, whole, data.bars_per_candle, bar);
      if (next) setSpan(next);
    },
    [data, isPlaceholderData, span],
  );
  return { cut, bands, hint, view, error: asked.error, fetching: asked.isFetching };
}

/** Half as much again on either side, so that the first scroll finds something. */
const wider = ({ from, to }: Span): Span => ({ from: from - (to - from), to: to + (to - from) });

function barSeconds({ time, bars_per_candle }: Shape["Candles"]): number {
  const apart = time.slice(1, 50).map((at, index) => at - (time[index] ?? at));
  return Math.max(1, Math.min(...apart, 86_400) / bars_per_candle);
}
