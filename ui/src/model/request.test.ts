import { describe, expect, it } from "vitest";
import { EMPTY, faultsByField, formOf, requestOf } from "./request";

describe("the form of a run", () => {
  it("asks for one file by its name and for several as a list", () => {
    expect(requestOf({ ...EMPTY, candles: ["btc"] }).candles).toBe("btc");
    expect(requestOf({ ...EMPTY, candles: ["btc"], paths_of_candles: "/a.csv\n\n /b.csv " }).candles).toEqual([
      "btc",
      "/a.csv",
      "/b.csv",
    ]);
  });

  it("leaves out what was left empty", () => {
    expect(requestOf({ ...EMPTY, candles: ["btc"] })).toEqual({
      candles: "btc",
      plan: null,
      profiles: null,
      config: null,
      entries: null,
      detail: null,
      paths: "both",
      repair: false,
      label: null,
    });
  });

  it("sends a text of one line as text, and a path as a path", () => {
    expect(requestOf({ ...EMPTY, config: "seed: 7" }).config).toBe("seed: 7\n");
    expect(requestOf({ ...EMPTY, plan: " /plans/a.yaml\n" }).plan).toBe("/plans/a.yaml");
  });

  it("sends the profiles that were chosen, wherever another text still stands", () => {
    const form = { ...EMPTY, stored: ["A", "B@2"], profiles: "profiles: []\n" };
    expect(requestOf(form).profiles).toBeNull();
    expect(requestOf({ ...form, from: "stored" }).profiles).toEqual(["A", "B@2"]);
    expect(requestOf({ ...form, from: "text" }).profiles).toBe("profiles: []\n");
  });

  it("comes back from the request that it made", () => {
    const form = {
      ...EMPTY,
      candles: ["btc"],
      paths_of_candles: "/a.csv",
      plan: "plan_id: x\n",
      from: "stored" as const,
      stored: ["A"],
      label: "one",
      repair: true,
    };
    expect(formOf(requestOf(form), ["btc"])).toEqual(form);
  });

  it("shows what was sent as a mapping or as rows", () => {
    const form = formOf({ config: { seed: 7 }, entries: [{ symbol: "A", tag: 'x, "y"' }, { symbol: "B" }] }, []);
    expect(JSON.parse(form.config)).toEqual({ seed: 7 });
    expect(form.entries).toBe('symbol,tag\nA,"x, ""y"""\nB,');
  });
});

const fault = (field: string) => ({ field, message: "m" });

it("faults stand beside the fields that have them", () => {
  const found = faultsByField(["config.exits.x", "plan", "candles[1]", "body.label", "", "funding"].map(fault));
  expect([...found].map(([field, faults]) => [field, faults.length])).toEqual([
    ["config", 1],
    ["plan", 1],
    ["candles", 1],
    ["label", 1],
    ["", 2],
  ]);
});
