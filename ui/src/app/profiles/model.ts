/** Why a profile is chosen, what its ladder looks like, and what a new one begins with. */

import type { Shape } from "../../api/client";

export const REGIMES = ["TREND", "RANGE", "VOLATILE", "CHOP", "NORMAL"];
const ANY = "*";

export type Wanted = { symbol: string; strategy: string; regime: string };
type Key = Shape["ProfileKey"];
type Summary = Pick<Shape["ProfileSummary"], "keys" | "score" | "selected">;

const PARTS = [
  { key: "symbol", wanted: "symbol", weight: 100, name: "symbol" },
  { key: "strategy_id", wanted: "strategy", weight: 10, name: "strategy" },
  { key: "regime", wanted: "regime", weight: 1, name: "regime" },
] as const;

/** What one registration says to a position: each part that adds, or the first that does not fit. */
function partsOf(key: Key, wanted: Wanted): { fits: boolean; words: string } {
  const added: string[] = [];
  for (const { key: name, wanted: own, weight, name: word } of PARTS) {
    if (key[name] === ANY) continue;
    const asked = wanted[own] || ANY;
    if (key[name] !== asked)
      return { fits: false, words: `only for ${word} ${key[name]}, not ${asked === ANY ? "any" : asked}` };
    added.push(`${word} ${asked} adds ${weight}`);
  }
  return { fits: true, words: added.length === 0 ? "for any position, adds nothing" : added.join(", ") };
}

/** Why a profile has its score, in words. */
export function whyOf(profile: Summary, wanted: Wanted): string {
  const told = profile.keys.map((key) => partsOf(key, wanted));
  const fitting = told.filter(({ fits }) => fits);
  if (profile.selected && fitting.length === 0) return "nothing fits: the default for any position in the NORMAL regime";
  const words = (fitting.length > 0 ? fitting : told).map((one) => one.words);
  return [...new Set(words)].join("; ");
}

/** The chosen first, then by score, then those that do not fit. */
export function ranked<T extends Summary>(profiles: readonly T[]): T[] {
  const place = (profile: T): number => (profile.selected ? 1000 : (profile.score ?? -1));
  return profiles.toSorted((a, b) => place(b) - place(a));
}

export const keyWords = (key: Key): string =>
  [key.symbol, key.strategy_id, key.regime].map((part) => (part === ANY ? "any" : part)).join(" / ");

export const template = (name: string): string => `profiles:
- name: ${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)}
  description: ''
  symbol: '*'
  strategy_id: '*'
  regime: '*'
  tp_legs:
  - r_multiple: 1.0
    size_fraction: 0.5
    kind: SOFT
  trailing:
    callback_pct: 0.02
    activation_r: 1.5
`;

export type Rung = { name: string; price: number; r: number; share: number | null; soft: boolean };
export type TrailPoint = { best: number; stop: number };
export type Picture = {
  long: boolean;
  entry: number;
  stop: number;
  rungs: Rung[];
  activation: { price: number; r: number; share: number | null } | null;
  trail: TrailPoint[];
  low: number;
  high: number;
};

const STEPS = 60;
const ROOM = 0.07;

/** The ladder as levels to draw, and where the trailing stop would be as the best price goes on. */
export function pictureOf(preview: Shape["Preview"]): Picture {
  const long = preview.side === "long";
  const [entry, stop] = [Number(preview.entry), Number(preview.stop)];
  const rungs = preview.rows
    .filter(({ kind }) => kind === "TP")
    .map((row): Rung => ({
      name: row.name,
      price: Number(row.price),
      r: row.r_multiple,
      share: row.size,
      soft: row.order === "SOFT",
    }));
  const trailing = preview.rows.find(({ kind }) => kind === "TRAIL");
  const activation = trailing
    ? { price: Number(trailing.price), r: trailing.r_multiple, share: trailing.size }
    : null;
  const levels = [...rungs.map(({ price }) => price), ...(activation ? [activation.price] : [])];
  const last = preview.trail.at(-1);
  if (last) levels.push(Number(last.price));
  const risk = Math.abs(entry - stop) || 1;
  const side = long ? 1 : -1;
  const farthest = Math.max(...levels.map((price) => side * (price - entry)), risk);
  const top = entry + side * farthest * (1 + ROOM);
  const trail = activation ? trailOf(preview, stop, activation.price, top) : [];
  const ends = [stop, entry, top, ...trail.map((point) => point.stop)];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const room = (high - low) * ROOM;
  return { long, entry, stop, rungs, activation, trail, low: low - room, high: high + room };
}

/** Never looser than the initial stop, and never back. */
function trailOf(preview: Shape["Preview"], initial: number, from: number, to: number): TrailPoint[] {
  const side = preview.side === "long" ? 1 : -1;
  const steps = preview.trail.map(({ price, callback }) => ({ price: Number(price), callback }));
  if (steps.length === 0) return [];
  let stop = initial;
  return Array.from({ length: STEPS + 1 }, (_, index) => {
    const best = from + ((to - from) * index) / STEPS;
    const callback = steps.findLast(({ price }) => side * (best - price) >= -1e-12)?.callback ?? steps[0]?.callback ?? 0;
    const level = best * (1 - side * callback);
    stop = side > 0 ? Math.max(stop, level) : Math.min(stop, level);
    return { best, stop };
  });
}
