/** Decoders: JSON is checked once, at the door. A decoder takes a value and where it stands, and returns what it is. */

export type Decoder<T> = (value: unknown, at: string) => T;

export class Malformed extends Error {
  constructor(at: string, accepted: string, found: unknown) {
    super(`${at || "payload"}: ${found === null ? "null" : typeof found} found, ${accepted} expected`);
  }
}

export const text: Decoder<string> = (value, at) => {
  if (typeof value !== "string") throw new Malformed(at, "text", value);
  return value;
};

export const number: Decoder<number> = (value, at) => {
  if (typeof value !== "number") throw new Malformed(at, "a number", value);
  return value;
};

export const flag: Decoder<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw new Malformed(at, "true or false", value);
  return value;
};

/** An amount: text where it is exact, a number where it is a statistic. */
export type Amount = string | number;

export const amount: Decoder<Amount> = (value, at) => (typeof value === "string" ? value : number(value, at));

export const maybe =
  <T>(inner: Decoder<T>): Decoder<T | null> =>
  (value, at) =>
    value === null || value === undefined ? null : inner(value, at);

export const list =
  <T>(inner: Decoder<T>): Decoder<T[]> =>
  (value, at) => {
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) throw new Malformed(at, "a list", value);
    return value.map((item, index) => inner(item, `${at}[${index}]`));
  };

export const record =
  <T>(inner: Decoder<T>): Decoder<Record<string, T>> =>
  (value, at) => {
    if (value === null || value === undefined) return {};
    if (typeof value !== "object" || Array.isArray(value)) throw new Malformed(at, "an object", value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item, `${at}.${key}`)]));
  };

type Shape = Record<string, Decoder<unknown>>;
type Decoded<S extends Shape> = { [K in keyof S]: ReturnType<S[K]> };

export const object =
  <S extends Shape>(shape: S): Decoder<Decoded<S>> =>
  (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Malformed(at, "an object", value);
    const found = value as Record<string, unknown>;
    const entries = Object.entries(shape).map(([key, inner]) => [key, inner(found[key], at ? `${at}.${key}` : key)]);
    return Object.fromEntries(entries) as Decoded<S>;
  };

/** A row of a table whose column names stand apart. */
export const row = <S extends Shape>(columns: string[], shape: S): Decoder<Decoded<S>> => {
  const places = Object.entries(shape).map(([key, inner]) => [key, columns.indexOf(key), inner] as const);
  return (value, at) => {
    if (!Array.isArray(value)) throw new Malformed(at, "a row", value);
    const decoded: Record<string, unknown> = {};
    for (const [key, place, inner] of places) decoded[key] = inner(place < 0 ? null : value[place], `${at}.${key}`);
    return decoded as Decoded<S>;
  };
};
