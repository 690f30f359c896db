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
