/** Filters of the events: what the address holds, and what the server is asked. */

import type { Shape } from "../../api/client";
import type { paths } from "../../api/schema";
import type { Zone } from "../../model/format";

export const FACETS = [
  { name: "kind", facet: "kind", title: "Kind" },
  { name: "reason", facet: "reason", title: "Reason" },
  { name: "category", facet: "category", title: "Category" },
  { name: "symbol", facet: "symbol", title: "Symbol" },
  { name: "trigger", facet: "trigger_id", title: "Trigger" },
] as const;

export const PAGE = 200;

export type Asked = NonNullable<paths["/api/events"]["get"]["parameters"]["query"]>;
const SINGLE = ["set_id", "from", "to"] as const;

export function askedOf(query: URLSearchParams): Asked {
  const asked: Asked = { page_size: PAGE };
  if (query.has("run")) asked.run = query.getAll("run");
  for (const { name } of FACETS) if (query.has(name)) asked[name] = query.getAll(name);
  for (const name of SINGLE) if (query.has(name)) asked[name] = query.get(name);
  return asked;
}

/** The same as an address of the whole table. */
export function fileQuery(query: URLSearchParams): URLSearchParams {
  const kept = new URLSearchParams();
  for (const name of ["run", ...FACETS.map((facet) => facet.name), ...SINGLE])
    for (const value of query.getAll(name)) kept.append(name, value);
  return kept;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** What a field for date and time shows, in the reader's zone. */
export function fieldOf(iso: string, zone: Zone): string {
  const at = new Date(iso);
  if (iso === "" || Number.isNaN(at.getTime())) return "";
  if (zone === "utc") return at.toISOString().slice(0, 16);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The same moment for the server, in UTC; empty where the field is. */
export function isoOf(field: string, zone: Zone): string {
  const at = new Date(zone === "utc" ? `${field}Z` : field);
  return field === "" || Number.isNaN(at.getTime()) ? "" : `${at.toISOString().slice(0, 19)}Z`;
}

/** A value chosen is taken out, another is put in. */
export const toggled = (values: readonly string[], value: string): string[] =>
  values.includes(value) ? values.filter((one) => one !== value) : [...values, value];

/** Which pages of the table the rows from first to last are on, from 1. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(Math.max(0, first) / PAGE);
  const to = Math.floor(Math.max(0, last) / PAGE);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index + 1);
}

/** Without a format the answer is a page; with one, a text that only a download asks for. */
export const pageOf = (answer: unknown): Shape["EventPage"] | undefined =>
  typeof answer === "object" && answer !== null ? (answer as Shape["EventPage"]) : undefined;
