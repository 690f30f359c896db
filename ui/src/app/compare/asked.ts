/** What is sent to start a comparison of policies. */

import type { Shape } from "../../api/client";

type Policy = Shape["CompareRequest"]["policies"][number];

export const EMERGENCY_ONLY = "emergency-only";
const AS_RUN = { name: "as-run" };

/** A text without a line break would be taken for a path. */
const asText = (text: string): string => (text.includes("\n") ? text : `${text}\n`);

export function policiesOf(emergency: boolean, asItWas: boolean, own: readonly string[]): Policy[] {
  return [
    ...(asItWas ? [AS_RUN] : []),
    ...(emergency ? [EMERGENCY_ONLY] : []),
    ...own.filter((text) => text.trim() !== "").map(asText),
  ];
}

const TAKEN = ["candles", "plan", "profiles", "entries", "config", "detail", "funding", "quotes", "paths", "repair"];

/** The inputs of a stored run, under these policies. */
export function requestOf(
  request: Record<string, unknown>,
  policies: Policy[],
  label: string | null,
): Shape["CompareRequest"] {
  const inputs = Object.fromEntries(
    TAKEN.flatMap((name) => (request[name] === undefined || request[name] === null ? [] : [[name, request[name]]])),
  );
  return { ...inputs, policies, ...(label ? { label: `policies on ${label}` } : {}) } as Shape["CompareRequest"];
}
