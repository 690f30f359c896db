import { describe, expect, it } from "vitest";
import { golden } from "../test/golden";
import { toCsv, toJson } from "./export";
import { legTable, setTable } from "./tables";

describe("saved tables", () => {
  it("quote what needs it and keep negative numbers numbers", () => {
    const table = {
      name: "t",
      columns: ["a", "b"],
      rows: [
        ['say "x", y', "-1.5"],
        [null, "=1+1"],
        ["+note", -2],
      ],
    };
    expect(toCsv(table)).toBe('a,b\r\n"say ""x"", y",-1.5\r\n,\'=1+1\r\n\'+note,-2\r\n');
  });

  it("have a value for every column", () => {
    const { sets } = golden();
    for (const table of [setTable(sets), legTable(sets)])
      for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
  });

  it("hold each leg with its exact amount", () => {
    const records = JSON.parse(toJson(legTable(golden().sets))) as Record<string, unknown>[];
    expect(records).toHaveLength(12);
    expect(records[3]).toMatchObject({ set_id: "golden-1", fees: "6.577025", realized_pnl: "154.05", is_entry: false });
  });
});
