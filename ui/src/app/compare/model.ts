/** What is written beside a comparison: which figures, which way is better, and what a pair of runs says. */

import type { Shape } from "../../api/client";
import { decimals, exact, inR, money, percent } from "../../model/format";
import type { MEANINGS } from "../../model/meanings";

export const FEWEST = 2;
export const MOST = 10;
const HUES = 5;

export type Figure = {
  key: keyof typeof MEANINGS;
  name: string;
  write: (value: number | null, signed?: boolean) => string;
  better: 1 | -1 | 0;
};

const share = (digits: number) => (value: number | null, signed?: boolean) => percent(value, digits, signed);
const plain = (digits: number) => (value: number | null, signed?: boolean) => decimals(value, digits, signed);
const whole = (value: number | null, signed?: boolean): string => exact(value, signed);

export const FIGURES: Figure[] = [
  { key: "net_pnl", name: "Net P&L", write: money, better: 1 },
  { key: "return", name: "Return", write: share(2), better: 1 },
  { key: "net_r_mean", name: "Mean R", write: (value) => inR(value), better: 1 },
  { key: "net_r", name: "Sum of R", write: (value) => inR(value), better: 1 },
  { key: "win_rate", name: "Won", write: share(1), better: 1 },
  { key: "profit_factor", name: "Profit factor", write: plain(2), better: 1 },
  { key: "sharpe", name: "Sharpe", write: plain(2), better: 1 },
  { key: "sortino", name: "Sortino", write: plain(2), better: 1 },
  { key: "max_drawdown", name: "Largest drawdown", write: share(2), better: 1 }, // negative: less of it is more
  { key: "exit_efficiency", name: "Exit efficiency", write: share(1), better: 1 },
  { key: "whipsaw_count", name: "Whipsaws", write: whole, better: -1 },
  { key: "fees_total", name: "Fees", write: money, better: -1 },
  { key: "num_sets", name: "Sets", write: whole, better: 0 },
  { key: "average_hold_hours", name: "Mean hold, hours", write: plain(1), better: 0 },
];

export type Delta = { value: number; kind: "better" | "worse" | "same" };

/** How a figure stands to the reference's; null where either has none. */
export function deltaOf(figure: Figure, value: number | null, reference: number | null): Delta | null {
  if (value === null || reference === null) return null;
  const delta = value - reference;
  const told = Math.sign(delta) * figure.better;
  return { value: delta, kind: told === 0 ? "same" : told > 0 ? "better" : "worse" };
}

/** The runs of the address: ids by comma, each once. */
export const chosenOf = (text: string): string[] => [...new Set(text.split(",").filter(Boolean))].slice(0, MOST);

/** The reference goes last to the server, so that its pairs are run − reference. */
export const askedOf = (chosen: readonly string[]): string => [...chosen.slice(1), ...chosen.slice(0, 1)].join(",");

/** Five hues that colour-blind readers tell apart; from the sixth run on they come again, dashed. */
export const styleOf = (place: number): { hue: number; dashed: boolean } => ({
  hue: place % HUES,
  dashed: place >= HUES,
});

type Named = { run_id: string; label: string | null };

/** Labels, where they tell runs apart; else the id stands beside. */
export function namesOf(runs: readonly Named[]): Map<string, string> {
  const times = new Map<string, number>();
  for (const { label } of runs) if (label) times.set(label, (times.get(label) ?? 0) + 1);
  return new Map(
    runs.map(({ run_id, label }) => [
      run_id,
      label ? (times.get(label) === 1 ? label : `${label} (${run_id})`) : run_id,
    ]),
  );
}

/** The server's sentence with the names that the page uses, and a true minus sign. */
export function wordsOf(text: string, names: ReadonlyMap<string, string>): string {
  let told = text;
  for (const [id, name] of names) told = told.replaceAll(id, name);
  return told.replaceAll(/(?<![\w.])-(?=\d)/g, "−");
}

export type Pair = {
  first: string;
  second: string;
  count: number;
  left: number;
  mean: number | null;
  low: number | null;
  high: number | null;
  distinguishable: boolean;
  verdict: string;
};

export function pairsOf(compared: Shape["ComparedRuns"]): Pair[] {
  return compared.pairs.map((pair) => ({
    first: pair.first,
    second: pair.second,
    count: pair.num_pairs,
    left: pair.num_unpaired_first + pair.num_unpaired_second,
    mean: pair.difference_r,
    low: pair.difference_r_low,
    high: pair.difference_r_high,
    distinguishable: pair.distinguishable,
    verdict: pair.verdict,
  }));
}

const numeric = (value: unknown): number | null => (typeof value === "number" ? value : null);
const count = (value: unknown): number => numeric(value) ?? 0;

/** The same from compare.json, whose rows are open mappings. */
export function pairsOfPolicies(rows: readonly Record<string, unknown>[]): Pair[] {
  return rows.map((row) => ({
    first: String(row.first),
    second: String(row.second),
    count: count(row.num_pairs),
    left: count(row.num_unpaired_first) + count(row.num_unpaired_second),
    mean: numeric(row.difference_r),
    low: numeric(row.difference_r_low),
    high: numeric(row.difference_r_high),
    distinguishable: row.distinguishable === true,
    verdict: String(row.verdict ?? ""),
  }));
}

/** The axis of the forest: all intervals and 0, with room at both ends. */
export function reachOf(pairs: readonly Pair[]): { low: number; high: number } {
  const ends = pairs.flatMap(({ mean, low, high }) => [mean, low, high]).filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const room = (high - low || 1) * 0.06;
  return { low: low - room, high: high + room };
}

export function ticksOf(low: number, high: number): number[] {
  const apart = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((step) => (high - low) / step <= 7) ?? 100;
  const first = Math.ceil(low / apart);
  return Array.from({ length: Math.floor(high / apart) - first + 1 }, (_, index) =>
    Number(((first + index) * apart).toFixed(6)),
  );
}

/** Which settings, if any, make other sets out of the same market: then few or no sets pair. */
const ENTRY_KEYS = /^(inputs\.(candles|entries|plan|detail)|symbols|timeframe)/;
export const inputsThatDiffer = (settings: readonly Shape["SettingDifference"][]): string[] =>
  settings.map(({ key }) => key).filter((key) => ENTRY_KEYS.test(key));

export const written = (value: unknown): string =>
  value === null || value === undefined ? "not set" : typeof value === "object" ? JSON.stringify(value) : String(value);
