/** The payload of a sweep's page: its shape, and the one place where JSON becomes it. */

import { flag, list, maybe, number, object, record, text, type Decoder } from "./decode";

export type Value = string | number | boolean | null;

const value: Decoder<Value> = (found, at) =>
  found === null || typeof found === "string" || typeof found === "boolean" ? found : number(found, at);

const sweep = object({
  sweep_id: text,
  version: text,
  method: text,
  samples: maybe(number),
  seed: number,
  symbols: list(text),
  timeframe: text,
  start: text,
  end: text,
  bars: number,
  num_configurations: number,
  num_left_out: number,
  warnings: list(text),
  notes: list(text),
  left_out: list(object({ reason: text, count: number })),
  inputs: list(object({ role: text, name: text, sha256: text })),
});

export type Cell = { row: number; column: number; mean: number; best: number; count: number };

const cell: Decoder<Cell> = (found, at) => {
  const [row, column, mean, best, count] = list(number)(found, at);
  return { row: row ?? 0, column: column ?? 0, mean: mean ?? 0, best: best ?? 0, count: count ?? 0 };
};

const map = object({ x: text, y: text, across: list(text), down: list(text), cells: list(cell) });

export type Point = { configuration: number; x: number; y: number; front: boolean };

const point: Decoder<Point> = (found, at) => {
  const [configuration, x, y, front] = list((item) => item)(found, at);
  return { configuration: number(configuration, at), x: number(x, at), y: number(y, at), front: flag(front, at) };
};

const front = object({ x: text, y: text, points: list(point), base: list(maybe(number)) });

const fold = object({
  kind: text,
  train: maybe(list(text)),
  test: list(list(text)),
  configuration: number,
  train_score: maybe(number),
  test_score: maybe(number),
  base_test_score: maybe(number),
});

const judged = object({
  verdict: text,
  winner: number,
  evidence: object({
    deflated_sharpe: maybe(number),
    overfitting: maybe(number),
    superior_p: maybe(number),
    num_trials: number,
    num_days: number,
  }),
  walk_forward: record(maybe(number)),
  cpcv: record(maybe(number)),
  folds: list(fold),
});

export const decodeSweep = object({
  kind: text,
  sweep,
  keys: list(text),
  objective: list(object({ name: text, direction: text })),
  base: record(maybe(number)),
  maps: list(map),
  front: maybe(front),
  columns: list(text),
  rows: list(list(value)),
  on_front: list(flag),
  judged: maybe(judged),
});

export type SweepPayload = ReturnType<typeof decodeSweep>;
export type HeatMapData = SweepPayload["maps"][number];
export type FrontData = NonNullable<SweepPayload["front"]>;
export type Judged = NonNullable<SweepPayload["judged"]>;

export const isSweep = (payload: unknown): boolean =>
  typeof payload === "object" && payload !== null && (payload as { kind?: unknown }).kind === "sweep";

/** Where a value lies between the least and the most, as a class from 0 to 4; the same for all where they are equal. */
export function classOf(amount: number, least: number, most: number, better: string): number {
  if (most === least) return 2;
  const share = (amount - least) / (most - least);
  return Math.min(4, Math.floor((better === "minimize" ? 1 - share : share) * 5));
}
