/** What was decided about a position, in order of time: who asked, what the guards said, who beat whom and why. */

import type { components } from "../api/schema";
import { words } from "./format";
import type { TradeLeg } from "./payload";

type Decision = components["schemas"]["Decision"];
type Event = components["schemas"]["Event"];

export type Verdict = "won" | "lost" | "blocked";
export type Refusal = { guard: string; reason: string };
export type Asked = {
  key: string;
  trigger: string;
  kind: string;
  grade: string | null;
  fraction: number | null;
  rank: number | null;
  verdict: Verdict;
  why: string;
  guards: { name: string; refusal: string | null }[];
};
export type Step = { time: string; price: string | null; asked: Asked[]; legs: TradeLeg[]; events: Event[] };

/** One step a moment. Blocks are left out of the events: a decision tells each of them already. */
export function timelineOf(
  decisions: readonly Decision[],
  legs: readonly TradeLeg[],
  events: readonly Event[],
): Step[] {
  const steps = new Map<string, Step>();
  const at = (time: string): Step => {
    const step = steps.get(time) ?? { time, price: null, asked: [], legs: [], events: [] };
    steps.set(time, step);
    return step;
  };
  for (const leg of legs) at(leg.timestamp).legs.push(leg);
  for (const [time, rows] of groupedByTime(decisions)) {
    const step = at(time);
    step.price = rows[0]?.price ?? null;
    step.asked = askedOf(rows);
  }
  for (const event of events) if (event.kind !== "block") at(event.time).events.push(event);
  return [...steps.values()].toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

function groupedByTime(decisions: readonly Decision[]): Map<string, Decision[]> {
  const found = new Map<string, Decision[]>();
  for (const row of decisions) found.set(row.time, [...(found.get(row.time) ?? []), row]);
  return found;
}

const VERDICTS: Verdict[] = ["won", "lost", "blocked"];

function askedOf(rows: readonly Decision[]): Asked[] {
  const asked = rows.map((row, index) => ({
    key: `${row.trigger_id}-${row.kind}-${index}`,
    trigger: row.trigger_id,
    kind: row.kind,
    grade: row.grade,
    fraction: row.exit_fraction,
    rank: row.rank,
    verdict: verdictOf(row),
    why: whyOf(row, rows),
    guards: Object.entries(row.guards).map(([name, refusal]) => ({ name, refusal: refusal ?? null })),
  }));
  return asked.toSorted(
    (a, b) =>
      VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || (a.rank ?? Infinity) - (b.rank ?? Infinity),
  );
}

function verdictOf({ outcome }: Decision): Verdict {
  if (outcome === "won" || outcome === "lost") return outcome;
  return "blocked";
}

function whyOf(row: Decision, rows: readonly Decision[]): string {
  switch (verdictOf(row)) {
    case "won": {
      const beaten = rows.filter((other) => other.outcome === "lost" && other.winner === row.trigger_id);
      if (beaten.length > 0) return `before ${beaten.map((one) => one.trigger_id).join(", ")}`;
      return rows.length === 1 ? "nobody else asked" : "the others were blocked";
    }
    case "lost": {
      const winner = rows.find((other) => other.outcome === "won" && other.trigger_id === row.winner);
      return `lost to ${row.winner ?? "another"}${precedence(winner, row)}`;
    }
    case "blocked": {
      const guard = row.outcome.replace(/^blocked:?\s*/, "");
      const refusal = row.guards[guard];
      return `blocked by ${words(guard)}${refusal ? `: ${refusal}` : ""}`;
    }
  }
}

/** Ranks are counted from 0, the strongest; on the screen they have their names. */
function precedence(winner: Decision | undefined, loser: Decision): string {
  if (winner === undefined || winner.rank === null || loser.rank === null) return "";
  if (winner.rank === loser.rank) return `: both are ${words(loser.rank_name)}, and one goes first`;
  return `: ${words(winner.rank_name)} goes before ${words(loser.rank_name)}`;
}
