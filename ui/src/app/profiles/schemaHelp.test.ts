import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { helpOf, optionsAt, type Schema, schemaAt, spotOf } from "./schemaHelp";

const root = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../../docs/schemas/profiles.schema.json"), "utf8")) as Schema;

const TEXT = `profiles:
- name: MINE
  regime: TREND
  tp_legs:
  - r_multiple: 1
    kind: HARD
  - {r_multiple: 2, kind: SOFT}
  trailing:
    callback_pct: 0.02
    
  stop_moves: []
`.split("\n");

/** The cursor stands where the line has `|`. */
function at(line: number, marked: string) {
  const lines = TEXT.with(line, marked.replace("|", ""));
  return spotOf(lines, line, marked.indexOf("|"));
}

describe("where one is in the text", () => {
  it.each([
    [1, "- na|me: MINE", ["profiles"], false],
    [2, "  regime: TR|", ["profiles", "regime"], true],
    [2, "  regi|", ["profiles"], false],
    [4, "  - r_mul|", ["profiles", "tp_legs"], false],
    [5, "    kind: |", ["profiles", "tp_legs", "kind"], true],
    [6, "  - {r_multiple: 2, ki|", ["profiles", "tp_legs"], false],
    [6, "  - {r_multiple: 2, kind: S|", ["profiles", "tp_legs", "kind"], true],
    [7, "  trailing: {call|", ["profiles", "trailing"], false],
    [9, "    act|", ["profiles", "trailing"], false],
    [9, "    |", ["profiles", "trailing"], false],
    [10, "  stop|", ["profiles"], false],
    [0, "pro|", [], false],
  ])("line %i, %s", (line, marked, path, inValue) => {
    expect(at(line, marked)).toEqual({ path, inValue });
  });
});

const labels = (path: string[], inValue = false) => optionsAt(root, { path, inValue }).map(({ label }) => label);

describe("what may stand there", () => {
  it("keys of a profile, of a leg and of a trail, also behind anyOf and references", () => {
    expect(labels(["profiles"])).toEqual(expect.arrayContaining(["name", "tp_legs", "trailing", "stop_moves"]));
    expect(labels(["profiles", "tp_legs"])).toEqual(["r_multiple", "size_fraction", "kind"]);
    expect(labels(["profiles", "trailing"])).toEqual(["callback_pct", "activation_r", "tightening_curve"]);
  });

  it("values of an enum, quoted where YAML would read another thing, and of a boolean", () => {
    expect(labels(["profiles", "tp_legs", "kind"], true)).toEqual(["HARD", "SOFT"]);
    const regimes = optionsAt(root, { path: ["profiles", "regime"], inValue: true });
    expect(regimes.find(({ label }) => label === "*")?.apply).toBe("'*'");
    expect(labels(["profiles", "replace"], true)).toEqual(["true", "false"]);
  });

  it("nothing under a key that the schema does not have", () => {
    expect(labels(["profiles", "nonsense"])).toEqual([]);
    expect(schemaAt(root, ["a", "b"])).toBeUndefined();
  });
});

it("help tells meaning, what is accepted and what holds without it", () => {
  const leg = helpOf(schemaAt(root, ["profiles", "tp_legs", "size_fraction"]), root);
  expect(leg).toContain("Fraction of the quantity at opening");
  expect(leg).toContain("a number above 0, at most 1");
  expect(helpOf(schemaAt(root, ["profiles", "tp_legs", "kind"]), root)).toContain("Without it: HARD.");
});
