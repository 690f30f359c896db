/** How numbers, times and names are written on the screen. Exact amounts stay text all the way. */

import type { Amount } from "./decode";

export const DASH = "–";
const SMALL = 0.1;
export type Zone = "utc" | "local";

const grouped = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  const known = grouped.get(key) ?? new Intl.NumberFormat("en-US", options);
  grouped.set(key, known);
  return known;
}

/** `format` takes decimal text as it is, so an exact amount is never turned into a float. */
function written(value: Amount, options: Intl.NumberFormatOptions): string {
  return formatter(options)
    .format(value as number)
    .replace("-", "−");
}

export function money(value: Amount | null, signed = false): string {
  if (value === null) return DASH;
  const signDisplay = signed ? "exceptZero" : "negative";
  // An amount that two decimals would round away keeps three digits.
  if (sign(value) !== 0 && Math.abs(Number(value)) < SMALL)
    return written(value, { maximumSignificantDigits: 3, signDisplay });
  return written(value, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay });
}

export function exact(value: Amount | null, signed = false): string {
  if (value === null) return DASH;
  return written(value, { maximumFractionDigits: 12, signDisplay: signed ? "exceptZero" : "negative" });
}

/** A size as a label: six digits are enough there, the exact one stands in the legs. */
export function brief(value: Amount | null, digits = 6): string {
  return value === null ? DASH : written(value, { maximumSignificantDigits: digits });
}

export function decimals(value: Amount | null, digits = 2, signed = false): string {
  if (value === null) return DASH;
  return written(value, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: signed ? "exceptZero" : "negative",
  });
}

export function percent(value: Amount | null, digits = 1, signed = false): string {
  if (value === null) return DASH;
  return written(value, {
    style: "percent",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: signed ? "exceptZero" : "negative",
  });
}

export const inR = (value: number | null, digits = 2): string =>
  value === null ? DASH : `${decimals(value, digits, true)} R`;

export function sign(value: Amount | null): -1 | 0 | 1 {
  if (value === null) return 0;
  if (typeof value === "number") return value > 0 ? 1 : value < 0 ? -1 : 0;
  if (!/[1-9]/.test(value)) return 0;
  return value.startsWith("-") ? -1 : 1;
}

export function duration(seconds: number | null): string {
  if (seconds === null) return "open";
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 m";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

const two = (value: number): string => String(value).padStart(2, "0");

export function moment(iso: string | number | null, zone: Zone, withTime = true): string {
  if (iso === null) return DASH;
  const at = new Date(typeof iso === "number" ? iso * 1000 : iso);
  if (Number.isNaN(at.getTime())) return String(iso);
  const [year, month, day, hour, minute] =
    zone === "utc"
      ? [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes()]
      : [at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes()];
  const date = `${year}-${two(month + 1)}-${two(day)}`;
  return withTime ? `${date} ${two(hour)}:${two(minute)}` : date;
}

/** `take_profit_1` → `take profit 1`; names a user gave stay readable too. */
export const words = (name: string | null): string => (name === null || name === "" ? DASH : name.replaceAll("_", " "));
