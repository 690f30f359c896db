/** What the page of written plans makes of what the server tells. Their texts are a model's: text, never markup. */

import type { Shape } from "../../api/client";
import { decimals, DASH, inR, percent } from "../../model/format";

export type Detail = Shape["ProposalDetail"];
export type Gate = Shape["GateSaid"];
export type State = Shape["ProposalSummary"]["state"];

export const STATES: Record<State, string> = {
  quarantine: "quarantine",
  shadow: "in shadow",
  active: "in force",
  retired: "retired",
  rejected: "rejected",
};

export const GATES: Record<Gate["gate"], string> = {
  schema: "Schema",
  words: "Words",
  caps: "Caps",
  lint: "Lint",
  backtest: "Last days",
  held_out: "Held-out days",
  compare: "Plan in force",
  shadow: "Shadow",
  consent: "Consent",
};

export const GATE_MEANINGS: Record<Gate["gate"], string> = {
  schema: "The plan can be read: its keys, values and rules",
  words: "Its names and texts are plain words: no markup, links or orders to a model",
  caps: "It stays under the caps on stops, grades, the number of triggers and the share of emergency exits",
  lint: "Rules that cannot fire, or that contradict each other",
  backtest: "A run over the newest days of the candles",
  held_out: "Runs over days before those, which nothing has looked at",
  compare: "The same entries under the plan in force",
  shadow: "Followed on the candles that came after, deciding nothing",
  consent: "An operator’s word",
};

export const STYLES = ["balanced", "trend", "mean_reversion", "breakout", "scalper", "conservative", "momentum"] as const;

const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
const counted = (count: unknown, one: string): string => `${String(count)} ${one}${count === 1 ? "" : "s"}`;

export function gateWord(gate: Gate): string {
  if (gate.passed === null) return "not asked";
  return gate.passed ? "passed" : "refused";
}

/** The few figures of a gate that fit a line. */
export function measured({ gate, evidence, findings }: Gate): string {
  if (gate === "lint" && findings.length > 0) return counted(findings.length, "finding");
  if (gate === "schema" && evidence.triggers !== undefined) return counted(evidence.triggers, "trigger");
  if (gate === "compare" && "in_force" in evidence) return comparison(evidence);
  if (gate === "shadow" && evidence.num_sets === undefined && evidence.bars !== undefined)
    return `${String(evidence.bars)} of ${String(evidence.wanted_bars)} bars`;
  if (evidence.num_sets === undefined) return "";
  const said = [counted(evidence.num_sets, "set"), `${inR(number(evidence.net_r_mean))} a set`];
  const [low, high] = [number(evidence.net_r_low), number(evidence.net_r_high)];
  if (low !== null && high !== null) said.push(`95%: ${decimals(low, 2, true)} to ${decimals(high, 2, true)} R`);
  const deepest = number(evidence.max_drawdown_pct);
  if (deepest !== null) said.push(`drawdown ${percent(deepest / 100)}`);
  return said.join(", ");
}

function comparison(evidence: Gate["evidence"]): string {
  if (evidence.in_force === null) return "no plan is in force";
  const pair = evidence.pair as Record<string, unknown> | undefined;
  return typeof pair?.verdict === "string" ? pair.verdict : DASH;
}

export type Window = { start: string; end: string; sets: number; mean: number | null; drawdown: number | null; exits: string };

/** A row a window that was run: the last days, those held out, and shadow. */
export function windows(gates: readonly Gate[]): { gate: string; window: Window }[] {
  return gates.flatMap(({ gate, evidence }) => {
    const rows = gate === "held_out" && Array.isArray(evidence.windows) ? evidence.windows : [evidence];
    return rows.flatMap((row: Record<string, unknown>) =>
      typeof row.start === "string" && typeof row.end === "string" ? [{ gate: GATES[gate], window: windowOf(row) }] : [],
    );
  });
}

function windowOf(row: Record<string, unknown>): Window {
  const exits = Object.entries((row.exits_by_category ?? {}) as Record<string, number>);
  return {
    start: String(row.start),
    end: String(row.end),
    sets: number(row.num_sets) ?? 0,
    mean: number(row.net_r_mean),
    drawdown: number(row.max_drawdown_pct),
    exits: exits.map(([name, count]) => `${count} ${name.replaceAll("_", " ")}`).join(", "),
  };
}

/** Findings of all gates, as they stand beside the plan's lines. */
export const findingsOf = (gates: readonly Gate[]): (Gate["findings"][number] & { gate: Gate["gate"] })[] =>
  gates.flatMap(({ gate, findings }) => findings.map((finding) => ({ ...finding, gate })));
