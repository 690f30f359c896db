/** Tables as files. Amounts leave as the text they came in. */

export type Cell = string | number | boolean | null;
export type Table = { name: string; columns: string[]; rows: Cell[][] };

export function toCsv(table: Table): string {
  return [table.columns, ...table.rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

export function toJson(table: Table): string {
  const records = table.rows.map((row) => Object.fromEntries(table.columns.map((name, i) => [name, row[i] ?? null])));
  return JSON.stringify(records, null, 1);
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  const text = String(value);
  // A name that a spreadsheet would run as a formula is written as text; a negative number is no formula.
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+(e-?\d+)?$/i.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function download(name: string, type: string, content: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
