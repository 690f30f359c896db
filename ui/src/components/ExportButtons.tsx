import { Button } from "@mantine/core";
import { download, toCsv, toJson, type Table } from "../model/export";

/** The tables are made only when one is asked for: a run can have thousands of rows. */
export function ExportButtons({ tables, of }: { tables: (() => Table)[]; of: string }) {
  const save = (kind: "csv" | "json"): void => {
    for (const make of tables) {
      const table = make();
      const [type, content] = kind === "csv" ? ["text/csv", toCsv(table)] : ["application/json", toJson(table)];
      download(`${table.name}.${kind}`, type, content);
    }
  };
  return (
    <span className="export no-print">
      <Button size="compact-xs" variant="default" onClick={() => save("csv")} aria-label={`${of}: save as CSV`}>
        CSV
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => save("json")} aria-label={`${of}: save as JSON`}>
        JSON
      </Button>
    </span>
  );
}
