import { describe, expect, it } from "vitest";
import type { components } from "../api/schema";
import { golden } from "../test/golden";
import { timelineOf } from "./timeline";

type Decision = components["schemas"]["Decision"];

const YES = { stale_data: null, min_hold: null };
const row = (part: Partial<Decision>): Decision => ({
  time: "2024-01-01T04:00:00Z",
  symbol: "BTCUSDT",
  set_id: "s",
  trigger_id: "trim",
  kind: "risk_reduce",
  category: "risk_reduce",
  grade: null,
  exit_fraction: 0.5,
  guards: YES,
  rank: 4,
  rank_name: "risk_reduce",
  outcome: "won",
  winner: "trim",
  price: "100",
  ...part,
});

// spec D8
describe("a decision", () => {
  const won = row({});
  const lost = row({ trigger_id: "leave", kind: "normal exit", rank: 5, rank_name: "normal exit", outcome: "lost" });
  const blocked = row({
    trigger_id: "early",
    rank: null,
    rank_name: null,
    outcome: "blocked: min_hold",
    guards: { stale_data: null, min_hold: "held 2 of 4 bars" },
    winner: null,
  });

  it("tells who beat whom and why, the winner first", () => {
    const [step] = timelineOf([blocked, lost, won], [], []);
    expect(step?.asked.map(({ trigger, verdict, why }) => [trigger, verdict, why])).toEqual([
      ["trim", "won", "before leave"],
      ["leave", "lost", "lost to trim: risk reduce goes before normal exit"],
      ["early", "blocked", "blocked by min hold: held 2 of 4 bars"],
    ]);
  });

  it("keeps each guard's answer", () => {
    const [step] = timelineOf([blocked], [], []);
    expect(step?.asked[0]?.guards).toEqual([
      { name: "stale_data", refusal: null },
      { name: "min_hold", refusal: "held 2 of 4 bars" },
    ]);
  });

  it.each([
    [[won], "nobody else asked"],
    [[won, blocked], "the others were blocked"],
  ])("says whether somebody else asked", (rows, why) => {
    expect(timelineOf(rows, [], [])[0]?.asked[0]?.why).toBe(why);
  });

  it("says so where ranks were equal", () => {
    const [step] = timelineOf([won, { ...lost, rank: 4, rank_name: "risk_reduce" }], [], []);
    expect(step?.asked[1]?.why).toBe("lost to trim: both are risk reduce, and one goes first");
  });
});

it("stands among the fills and events of its moment, in order of time", () => {
  const legs = golden().sets[0]?.legs ?? [];
  const event = { event_id: "e", kind: "latch", time: "2024-02-29T03:00:00Z", reason: "risk_off" };
  const block = { ...event, event_id: "b", kind: "block" };
  const steps = timelineOf(
    [row({ time: "2024-02-29T04:00:00Z" })],
    legs,
    [event, block] as unknown as Parameters<typeof timelineOf>[2],
  );
  expect(steps.map((step) => [step.time, step.legs.length, step.asked.length, step.events.length])).toEqual([
    ["2024-02-29T03:00:00Z", 0, 0, 1],
    ["2024-02-29T04:00:00Z", 1, 1, 0],
    ...legs.slice(1).map((leg) => [leg.timestamp, 1, 0, 0]),
  ]);
});
