import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Parts = Record<string, string | readonly string[]>;
type Address = {
  query: URLSearchParams;
  one: (name: string) => string;
  all: (name: string) => string[];
  set: (parts: Parts, replace?: boolean) => void;
};

/** `before` with these parts in place of its own; an empty value takes one out. */
export function withParts(before: URLSearchParams, parts: Parts): URLSearchParams {
  const next = new URLSearchParams(before);
  for (const [name, value] of Object.entries(parts)) {
    next.delete(name);
    for (const part of typeof value === "string" ? [value] : value) if (part) next.append(name, part);
  }
  return next;
}

/**
 * What a screen shows lives in its address, so that it can be shared and gone back to. A change is rendered at once, not
 * when there is time: a box that was ticked stays ticked, and the next tick begins from it.
 */
export function useAddress(): Address {
  const [query, setQuery] = useSearchParams();
  const set = useCallback(
    (parts: Parts, replace = false) => setQuery((before) => withParts(before, parts), { replace, flushSync: true }),
    [setQuery],
  );
  return { query, one: (name) => query.get(name) ?? "", all: (name) => query.getAll(name), set };
}
