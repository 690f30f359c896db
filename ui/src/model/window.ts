/** A candle window as it travels (whole numbers, differences) and as charts take it. */

import { list, number, object, type Decoder } from "./decode";

export type Candle = { time: number; open: number; high: number; low: number; close: number };
export type CandleWindow = { barsPerCandle: number; digits: number; candles: Candle[] };

const packed = object({
  bars_per_candle: number,
  start: number,
  steps: list(list(number)),
  digits: number,
  open: list(number),
  high: list(number),
  low: list(number),
  close: list(number),
});

export const decodeWindow: Decoder<CandleWindow> = (value, at) => {
  const cut = packed(value, at);
  const unit = 10 ** cut.digits;
  const times = timesOf(cut.start, cut.steps);
  let before = 0;
  const candles = cut.open.map((difference, index) => {
    const open = before + difference;
    const close = open + (cut.close[index] ?? 0);
    before = close;
    return {
      time: times[index] ?? 0,
      open: open / unit,
      high: (Math.max(open, close) + (cut.high[index] ?? 0)) / unit,
      low: (Math.min(open, close) - (cut.low[index] ?? 0)) / unit,
      close: close / unit,
    };
  });
  return { barsPerCandle: cut.bars_per_candle, digits: cut.digits, candles };
};

function timesOf(start: number, steps: number[][]): number[] {
  const times = [start];
  for (const [count = 0, apart = 0] of steps)
    for (let step = 0; step < count; step++) times.push((times.at(-1) ?? start) + apart);
  return times;
}

/** The place of the candle in which a moment (seconds) lies; before the first one it is the first. */
export function candleIndexAt(candles: readonly Candle[], time: number): number {
  let low = 0;
  let high = candles.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((candles[middle]?.time ?? 0) <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where a moment stands on the axis of candles: as above, and counted on at the usual step where no candle reaches. */
export function placeAt(candles: readonly Candle[], time: number): number {
  const [first, last] = [candles[0], candles.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const step = stepOf(candles);
  if (time < first.time) return Math.floor((time - first.time) / step);
  // A fill at a close is stamped with the end of its bar, which is where the next one would begin.
  if (time > last.time + step) return candles.length - 1 + Math.floor((time - last.time) / step);
  return candleIndexAt(candles, time);
}

/** The moment at a place of the axis, the other way round; a part of a candle is the same part of its time. */
export function timeAt(candles: readonly Candle[], place: number): number {
  const [first, last] = [candles[0], candles.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const step = stepOf(candles);
  if (place < 0) return first.time + place * step;
  if (place >= candles.length - 1) return last.time + (place - (candles.length - 1)) * step;
  const whole = Math.floor(place);
  const [from, to] = [candles[whole]?.time ?? first.time, candles[whole + 1]?.time ?? last.time];
  return from + (place - whole) * (to - from);
}

/** Seconds from one candle to the next where nothing is missing. */
export function stepOf(candles: readonly Candle[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let index = 1; index < Math.min(candles.length, 50); index++)
    least = Math.min(least, (candles[index]?.time ?? 0) - (candles[index - 1]?.time ?? 0));
  return Number.isFinite(least) && least > 0 ? least : 60;
}
