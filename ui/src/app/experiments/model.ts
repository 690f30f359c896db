/** What an experiment's page makes of what the server tells: words, scales, and what is sent to start one. */

import type { Shape } from "../../api/client";
import { decimals, DASH } from "../../model/format";

export type Point = Shape["SequencePoint"];
type Difference = Shape["Difference"];

export const STATES: Record<Shape["ExperimentSummary"]["state"], string> = {
  running: "replaying",
  decided: "decided",
  exhausted: "not decided",
  stopped: "stopped by hand",
  failed: "failed",
};

/** As many decimals as it takes to see on which side of zero a small bound lies. */
function digits(bounds: readonly (number | null)[]): number {
  const small = bounds.flatMap((bound) => (bound === null || bound === 0 ? [] : [Math.abs(bound)]));
  const needed = Math.ceil(-Math.log10(2 * Math.min(1, ...small)));
  return Math.min(6, Math.max(2, needed));
}

const end = (value: number | null, places: number): string => (value === null ? "none" : decimals(value, places, true));

/** −0.12 to 0.30 R; a bound that is not there yet is none. */
export function interval({ low, high }: Pick<Difference, "low" | "high">): string {
  if (low === null && high === null) return DASH;
  const places = digits([low, high]);
  return `${end(low, places)} to ${end(high, places)} R`;
}

/** "95%", "99.5%": the share of looks, all together, that hold. */
export const level = (alpha: number): string => `${Number((100 * (1 - alpha)).toPrecision(4))}%`;

/** The range of R that a chart shows: every mean after the first few, and the band where it has become narrow. */
export function reach(points: readonly Point[]): [number, number] {
  const settled = points.slice(Math.min(5, Math.floor(points.length / 4)));
  const means = settled.flatMap(({ mean }) => (mean === null ? [] : [mean]));
  const last = points.at(-1);
  const spread = Math.max(...means.map(Math.abs), Math.abs(last?.low ?? 0), Math.abs(last?.high ?? 0), 0.05);
  const seen = points
    .flatMap(({ low, high }) => [low, high])
    .filter((bound): bound is number => bound !== null && Math.abs(bound) <= 3 * spread);
  const all = [0, ...means, ...seen];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = Math.max((high - low) * 0.06, 0.02);
  return [low - room, high + room];
}

/** Round values between two bounds, some four of them. */
export function ticks([low, high]: readonly [number, number], wanted = 5): number[] {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => {
    const value = (first + index) * step;
    return Number(value.toPrecision(12));
  });
}

/** Runs of neighbouring points whose band has both bounds. */
export function bands(points: readonly Point[]): Point[][] {
  const made: Point[][] = [];
  let open: Point[] = [];
  for (const point of points) {
    if (point.low !== null && point.high !== null) open.push(point);
    else if (open.length > 0) {
      made.push(open);
      open = [];
    }
  }
  return open.length > 0 ? [...made, open] : made;
}

export type ArmDraft = { name: string; profile: string; config: string; emergency: boolean; weight: string };
export type Draft = {
  name: string;
  sourceRun: string;
  arms: [ArmDraft, ArmDraft];
  alpha: string;
  minSets: string;
  maxSets: string;
  margin: string;
  salt: string;
};

const EMPTY_ARM = { profile: "", config: "", emergency: false, weight: "1" };

export const newDraft = (sourceRun: string): Draft => ({
  name: "",
  sourceRun,
  arms: [
    { ...EMPTY_ARM, name: "as-it-was" },
    { ...EMPTY_ARM, name: "other" },
  ],
  alpha: "0.05",
  minSets: "30",
  maxSets: "",
  margin: "",
  salt: "",
});

/** A text without a line break would be taken for a name. */
const asText = (text: string): string => (text.includes("\n") ? text : `${text}\n`);
const numberOr = (text: string, otherwise: number | null): number | null =>
  text.trim() === "" ? otherwise : Number(text);

function armOf(draft: ArmDraft): Shape["Arm"] {
  return {
    name: draft.name.trim(),
    weight: numberOr(draft.weight, 1) ?? 1,
    ...(draft.profile ? { profiles: [draft.profile] } : {}),
    ...(draft.config.trim() ? { config: asText(draft.config) } : {}),
    ...(draft.emergency ? { rewrite: "emergency_only" as const } : {}),
  };
}

export function requestOf(draft: Draft): Shape["ExperimentRequest"] {
  return {
    name: draft.name.trim(),
    arms: draft.arms.map(armOf),
    source_run: draft.sourceRun,
    alpha: Number(draft.alpha),
    salt: draft.salt,
    min_sets: numberOr(draft.minSets, 30) ?? 30,
    max_sets: numberOr(draft.maxSets, null),
    futility_margin: numberOr(draft.margin, null),
  };
}

/** Beside which field a fault of the server belongs: those of an arm by their place, all others by name. */
export const faultsOf = (errors: readonly { field: string; message: string }[], field: string): string[] =>
  errors.filter((one) => one.field === field || one.field.startsWith(`${field}.`)).map(({ message }) => message);
