/** What the Live screen makes of what the server tells: words for states, and the picture that a stream keeps up to date. */

import type { Shape } from "../../api/client";
import { DASH, decimals, moment, type Zone } from "../../model/format";

export type Position = Shape["Position"];
export type State = Shape["LiveState"];
export type Change = Shape["LiveChange"];
export type Happened = Shape["LiveEvent"];
export type Command = Shape["Command"];
export type Rung = Shape["LiveRung"];
export type Order = Shape["LiveOrder"];

export const MOST_EVENTS = 500;
export const EVERY = "*";

/** `position` is there once the server has told everything once. */
export type Picture = { state: State | null; positions: Position[]; at: number };
export const NOTHING: Picture = { state: null, positions: [], at: 0 };

/** `fresh`: the first word of a line, which holds every position. */
export function changed(before: Picture, change: Change, at: number, fresh: boolean): Picture {
  const kept = new Map(fresh ? [] : before.positions.map((one) => [one.key, one]));
  for (const key of change.gone) kept.delete(key);
  for (const one of change.positions) kept.set(one.key, one);
  return { state: change.state, positions: [...kept.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1)), at };
}

/** The newest first, none twice, and no more than fit a page. */
export function withEvents(before: readonly Happened[], come: readonly Happened[]): Happened[] {
  const known = new Set(before.map((one) => one.seq));
  const all = [...before, ...come.filter((one) => !known.has(one.seq))];
  return all.toSorted((a, b) => b.seq - a.seq).slice(0, MOST_EVENTS);
}

export function kindsOf(told: readonly { value: string | null; count: number }[], events: readonly Happened[]): string[] {
  const names = [...told.flatMap(({ value }) => (value === null ? [] : [value])), ...events.map((one) => one.kind)];
  return [...new Set(names)].toSorted();
}

type Said = { word: string; tone: "good" | "bad" | "middling" | "quiet" };
const PROTECTION: Record<NonNullable<Position["protection"]>["state"], Said> = {
  protected: { word: "protected", tone: "good" },
  pending: { word: "being placed", tone: "middling" },
  naked: { word: "no stop", tone: "bad" },
  software: { word: "engine’s stop", tone: "middling" },
  unmanaged: { word: "not looked after", tone: "quiet" },
};

export function protectionOf({ protection }: Position): Said {
  if (protection === null) return { word: DASH, tone: "quiet" };
  const said = PROTECTION[protection.state];
  const bare = protection.state === "naked" && protection.naked_seconds !== null;
  return bare ? { ...said, word: `${said.word} for ${seconds(protection.naked_seconds)}` } : said;
}

export const RUNGS: Record<Rung["state"], string> = {
  placed: "Placed",
  pending: "Pending",
  filled: "Filled",
  cancelled: "Cancelled",
};

export function seconds(value: unknown): string {
  if (typeof value !== "number") return DASH;
  if (value < 10) return `${decimals(value, 1)} s`;
  return value < 120 ? `${decimals(value, 0)} s` : `${decimals(value / 60, 0)} min`;
}

export type Figure = { name: string; value: string; meaning: string; bad?: boolean };

/** What the last heartbeat told, as far as it told it. */
export function figures(summary: Record<string, unknown>, positions: readonly Position[]): Figure[] {
  const of = (name: string): unknown => summary[name];
  const count = (name: string): string => (typeof of(name) === "number" ? String(of(name)) : DASH);
  const naked = positions.filter((one) => one.protection?.state === "naked").length;
  const offset = of("clock_offset");
  const commit = of("journal_commit_ms");
  const share = (name: string): string => (typeof of(name) === "number" ? `${decimals(Number(of(name)) * 100, 0)}%` : DASH);
  const all: Figure[] = [
    {
      name: "Positions",
      value: naked ? `${positions.length}, ${naked} without a stop` : String(positions.length),
      meaning: "Open positions that the monitor sees at the venue",
      bad: naked > 0,
    },
    { name: "Without a stop", value: seconds(of("naked_seconds_total")), meaning: "Time, since the monitor began, for which some position was naked: no stop at the venue covered all of it" },
    { name: "Requests in doubt", value: count("unknown_intents"), meaning: "Order requests whose outcome the venue has not told; each is asked for again", bad: Number(of("unknown_intents")) > 0 },
    { name: "Orders in doubt", value: count("ghosts"), meaning: "Ghosts: orders believed absent at the venue that may still show up" },
    { name: "Stream heard", value: seconds(of("stream_age")), meaning: "Time since the venue’s stream said anything" },
    { name: "Reconciled", value: seconds(of("reconcile_lag")), meaning: "Time since our positions and orders were last compared with the venue’s books" },
    { name: "Journal commit", value: typeof commit === "number" ? `${decimals(commit, 1)} ms` : DASH, meaning: "Time that the last record took to be safe in the journal" },
    { name: "Free of limits", value: share("reduce_only_budget"), meaning: "Share of a position that no resting limit order is to close; of several positions, the least" },
    { name: "Requests left", value: share("request_budget"), meaning: "Share of the venue’s limit of requests that is left to the monitor" },
    { name: "Clock offset", value: typeof offset === "number" ? `${decimals(offset * 1000, 0, true)} ms` : DASH, meaning: "How far the venue’s clock is ahead of ours" },
  ];
  return all.filter(({ value }) => value !== DASH);
}

/** What keeps it from doing all that it could. */
export function doing(summary: Record<string, unknown>): string {
  const doings: Record<string, string> = { OBSERVE: "observes only", PROTECT_ONLY: "protects only" };
  return summary.halted === true ? "halted, protects only" : (doings[String(summary.mode)] ?? "");
}

export function stopOf(one: Position): string {
  return one.stop_kind ? one.stop_kind.replaceAll("_", " ") : "";
}

export function trailOf({ trail }: Position): string {
  if (trail === null) return DASH;
  const callback = trail.callback_pct === null ? "" : ` by ${decimals(Number(trail.callback_pct) * 100, 2)}%`;
  return trail.armed ? `armed${callback}` : `waits${callback}`;
}

/** With seconds: things happen within one minute. */
export function clock(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const second = zone === "utc" ? at.getUTCSeconds() : at.getSeconds();
  return `${moment(iso, zone)}:${String(second).padStart(2, "0")}`;
}

const KINDS: Record<Command["kind"], string> = {
  kill: "Kill switch on",
  resume: "Kill switch off",
  flatten: "Flatten",
  latch_set: "Latch set",
  latch_clear: "Latch cleared",
  mode: "Mode",
};

export function commandOf({ kind, body }: Command): string {
  const place = body.symbol ?? body.place ?? body.mode;
  return typeof place === "string" && place !== EVERY ? `${KINDS[kind]}: ${place}` : KINDS[kind];
}

export function outcomeOf({ outcome, detail, finished_at }: Command): string {
  if (finished_at === null) return "waits for the monitor";
  return detail ? `${outcome}: ${detail}` : (outcome ?? "");
}

/** One deed has one key, however often it is sent. */
export const newKey = (): string => globalThis.crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
