/** A run as it is written in a form, as the server takes it, and its faults beside the fields that have them. */

import type { components } from "../api/schema";
import type { FieldFault } from "../api/problem";

export type RunRequest = components["schemas"]["RunRequest"];
export const TEXTS = ["plan", "profiles", "config", "entries"] as const;
export type TextField = (typeof TEXTS)[number];
export type RunForm = Record<TextField, string> & {
  candles: string[];
  paths_of_candles: string;
  stored: string[];
  from: "defaults" | "stored" | "text";
  detail: string;
  paths: "" | "adverse" | "favorable" | "both";
  repair: boolean;
  label: string;
};

export const EMPTY: RunForm = {
  candles: [],
  paths_of_candles: "",
  plan: "",
  profiles: "",
  config: "",
  entries: "",
  stored: [],
  from: "defaults",
  detail: "",
  paths: "both",
  repair: false,
  label: "",
};

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

export function requestOf(form: RunForm): RunRequest {
  const candles = [...form.candles, ...lines(form.paths_of_candles)];
  return {
    candles: candles.length === 1 ? (candles[0] ?? "") : candles,
    plan: textOf(form.plan),
    profiles: form.from === "text" ? textOf(form.profiles) : form.from === "stored" ? form.stored : null,
    config: textOf(form.config),
    entries: textOf(form.entries),
    detail: form.detail.trim() || null,
    paths: form.paths || null,
    repair: form.repair,
    label: form.label.trim() || null,
  };
}

/** A path is one line; a text that is written has its last line end, so that one line of YAML is not taken for one. */
function textOf(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  return isPath(trimmed) ? trimmed : `${text.trimEnd()}\n`;
}

const isPath = (text: string): boolean => /^(\/|~\/|[A-Za-z]:\\)[^\n]*$/.test(text);

/** The form that would ask for the same again. */
export function formOf(request: Partial<RunRequest>, known: readonly string[]): RunForm {
  const candles = [request.candles ?? []].flat();
  const { profiles } = request;
  return {
    ...EMPTY,
    candles: candles.filter((name) => known.includes(name)),
    paths_of_candles: candles.filter((name) => !known.includes(name)).join("\n"),
    plan: written(request.plan),
    config: written(request.config),
    entries: writtenRows(request.entries),
    profiles: Array.isArray(profiles) ? "" : written(profiles),
    stored: Array.isArray(profiles) ? profiles : [],
    from: profiles === null || profiles === undefined ? "defaults" : Array.isArray(profiles) ? "stored" : "text",
    detail: request.detail ?? "",
    paths: request.paths ?? "",
    repair: request.repair ?? false,
    label: request.label ?? "",
  };
}

/** Content that came as a mapping is shown as JSON, which is YAML too. */
const written = (given: unknown): string =>
  given === null || given === undefined ? "" : typeof given === "string" ? given : JSON.stringify(given, null, 2);

function cell(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function writtenRows(given: RunRequest["entries"]): string {
  if (!Array.isArray(given)) return written(given);
  const columns = [...new Set(given.flatMap((row) => Object.keys(row)))];
  return [columns.join(","), ...given.map((row) => columns.map((name) => cell(row[name])).join(","))].join("\n");
}

const FIELDS = ["candles", "plan", "profiles", "config", "entries", "detail", "paths", "repair", "label"];

/** `config.exits.x` belongs to config; what belongs to no field of the form stands at its head, under "". */
export function faultsByField(faults: readonly FieldFault[]): Map<string, FieldFault[]> {
  const found = new Map<string, FieldFault[]>();
  for (const fault of faults) {
    const top = fault.field.replace(/^body\./, "").split(/[.[]/)[0] ?? "";
    const field = FIELDS.includes(top) ? top : "";
    found.set(field, [...(found.get(field) ?? []), fault]);
  }
  return found;
}
