import { expect, it } from "vitest";
import { changed, type Change, clock, commandOf, doing, figures, type Happened, MOST_EVENTS, NOTHING, outcomeOf, protectionOf, type Position, withEvents } from "./model";

const position = (key: string, more: object = {}): Position => ({ key, symbol: key, side: "long", quantity: "1", protection: null, ...more }) as Position;
const change = (positions: Position[], gone: string[] = []): Change => ({ state: { monitor: null } as Change["state"], positions, gone });
const event = (seq: number): Happened => ({ seq, at: "2024-01-01T00:00:00Z", kind: "fill", key: null, text: "", body: {} });

it("a picture takes what changed, and loses what is gone", () => {
  const first = changed(NOTHING, change([position("B"), position("A")]), 1, true);
  expect(first.positions.map((one) => one.key)).toEqual(["A", "B"]);
  const next = changed(first, change([position("B", { quantity: "2" })], ["A"]), 2, false);
  expect(next.positions).toEqual([position("B", { quantity: "2" })]);
});

it("the first word of a new line is the whole picture", () => {
  const before = changed(NOTHING, change([position("A"), position("B")]), 1, true);
  expect(changed(before, change([position("B")]), 2, true).positions.map((one) => one.key)).toEqual(["B"]);
});

it("events are there once, the newest first, and the oldest go", () => {
  const many = withEvents([], Array.from({ length: MOST_EVENTS }, (_, index) => event(index + 1)));
  const more = withEvents(many, [event(3), event(MOST_EVENTS + 1)]);
  expect(more).toHaveLength(MOST_EVENTS);
  expect([more[0]?.seq, more.at(-1)?.seq]).toEqual([MOST_EVENTS + 1, 2]);
});

it("a position without a stop is told with its time", () => {
  const naked = position("A", { protection: { state: "naked", naked_seconds: 6.2 } });
  expect(protectionOf(naked)).toEqual({ word: "no stop for 6.2 s", tone: "bad" });
  expect(protectionOf(position("A")).tone).toBe("quiet");
  expect(figures({}, [naked, position("B")])).toEqual([expect.objectContaining({ value: "2, 1 without a stop", bad: true })]);
});

it("a heartbeat is shown as far as it tells something", () => {
  const told = figures({ naked_seconds_total: 150, unknown_intents: 0, ghosts: "?", reduce_only_budget: 0.6, clock_offset: -0.012 }, []);
  expect(told.map(({ name, value }) => `${name} ${value}`)).toEqual(["Positions 0", "Without a stop 3 min", "Requests in doubt 0", "Free of limits 60%", "Clock offset −12 ms"]);
  expect([doing({ halted: true, mode: "ACTIVE" }), doing({ mode: "OBSERVE" }), doing({ mode: "ACTIVE" }), doing({})]).toEqual(["halted, protects only", "observes only", "", ""]);
});

it("commands are told in words", () => {
  const asked = { command_id: "c", kind: "flatten", body: { symbol: "BTCUSDT" }, by: "ann", at: "", finished_at: null, outcome: null, detail: null } as const;
  expect([commandOf(asked), outcomeOf(asked)]).toEqual(["Flatten: BTCUSDT", "waits for the monitor"]);
  expect(outcomeOf({ ...asked, finished_at: "x", outcome: "done", detail: "flat" })).toBe("done: flat");
  expect(commandOf({ ...asked, kind: "latch_set", body: { place: "*" } })).toBe("Latch set");
});

it("moments have their seconds", () => expect(clock("2024-01-01T00:00:05.250Z", "utc")).toBe("2024-01-01 00:00:05"));
