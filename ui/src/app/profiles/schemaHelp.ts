/** Completion and help for YAML from a JSON Schema: where in the text one is, and what may stand there. */

export type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
};

export type Spot = { path: string[]; inValue: boolean };
export type Option = { label: string; kind: "property" | "value"; detail: string; info: string; apply: string };

const KEY = /^((?:\s|-\s)*)(["']?)([\w.-]+)\2\s*:(?:\s|$)/;

/** Keys from the root to where `column` of the line is; list items are passed through. */
export function spotOf(lines: readonly string[], line: number, column: number): Spot {
  const text = lines[line] ?? "";
  const before = text.slice(0, column);
  const inline = flowOf(before);
  const own = KEY.exec(text);
  const indent = contentColumn(text, column);
  const outer = parentsOf(lines, line, indent);
  if (inline !== null) {
    const block = own && own[3] !== undefined && before.indexOf("{") > own[0].indexOf(":") ? [own[3]] : [];
    return { path: [...outer, ...block, ...inline.path], inValue: inline.inValue };
  }
  const inValue = own !== null && column > own[0].trimEnd().length - 1;
  return { path: inValue && own[3] !== undefined ? [...outer, own[3]] : outer, inValue };
}

/** Where the content of a line begins, behind its dashes; for an empty line, where the cursor is. */
function contentColumn(text: string, column: number): number {
  const lead = /^(?:\s|-\s|-$)*/.exec(text)?.[0].length ?? 0;
  return lead >= text.length ? Math.max(column, lead) : lead;
}

function parentsOf(lines: readonly string[], line: number, indent: number): string[] {
  const path: string[] = [];
  let least = indent;
  for (let at = line - 1; at >= 0 && least > 0; at--) {
    const found = KEY.exec(lines[at] ?? "");
    const [lead, key] = [found?.[1]?.length, found?.[3]];
    if (lead === undefined || key === undefined || lead >= least) continue;
    path.unshift(key);
    least = lead;
  }
  return path;
}

/** Inside `{key: value, …` of one line: the key whose value one is in, if any. */
function flowOf(before: string): Spot | null {
  const open = before.lastIndexOf("{");
  if (open < 0 || before.indexOf("}", open) >= 0) return null;
  const part = before.slice(open + 1).split(",").at(-1) ?? "";
  const key = /^\s*([\w.-]+)\s*:\s/.exec(part)?.[1];
  return key === undefined ? { path: [], inValue: false } : { path: [key], inValue: true };
}

/** Every shape that a schema allows, references followed. */
export function shapesOf(schema: Schema | undefined, root: Schema): Schema[] {
  if (schema === undefined) return [];
  if (schema.$ref !== undefined) {
    const { $ref, ...own } = schema;
    return shapesOf(root.$defs?.[$ref.replace("#/$defs/", "")], root).map((one) => ({ ...one, ...own }));
  }
  if (schema.anyOf) {
    const { anyOf, ...own } = schema;
    return anyOf.flatMap((one) => shapesOf(one, root)).map((one) => ({ ...one, ...described(own) }));
  }
  return [schema];
}

const described = ({ description, default: otherwise }: Schema): Schema => ({
  ...(description === undefined ? {} : { description }),
  ...(otherwise === undefined ? {} : { default: otherwise }),
});

const mappingsOf = (schema: Schema | undefined, root: Schema): Schema[] =>
  shapesOf(schema, root).flatMap((one) => (one.items ? mappingsOf(one.items, root) : one.properties ? [one] : []));

/** What stands under a path of keys. */
export function schemaAt(root: Schema, path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>((at, key) => {
    const found = mappingsOf(at, root).find((one) => one.properties?.[key] !== undefined);
    return found?.properties?.[key];
  }, root);
}

export function optionsAt(root: Schema, { path, inValue }: Spot): Option[] {
  const at = schemaAt(root, path);
  return inValue ? valuesOf(at, root) : keysOf(at, root);
}

function keysOf(at: Schema | undefined, root: Schema): Option[] {
  return mappingsOf(at, root).flatMap((mapping) =>
    Object.entries(mapping.properties ?? {}).map(([label, schema]): Option => ({
      label,
      kind: "property",
      detail: mapping.required?.includes(label) ? "required" : "",
      info: helpOf(schema, root),
      apply: `${label}:${mappingsOf(schema, root).length > 0 ? "" : " "}`,
    })),
  );
}

function valuesOf(at: Schema | undefined, root: Schema): Option[] {
  const values = shapesOf(at, root).flatMap((one) => [
    ...(one.enum ?? []),
    ...(one.const === undefined ? [] : [one.const]),
    ...(one.type === "boolean" ? [true, false] : []),
  ]);
  return [...new Set(values)].map((value): Option => {
    const label = String(value);
    const written = typeof value === "string" && !/^[A-Za-z][\w-]*$/.test(value) ? `'${value}'` : label;
    return { label, kind: "value", detail: "", info: "", apply: written };
  });
}

/** The description, what is accepted and what holds without it. */
export function helpOf(schema: Schema | undefined, root: Schema): string {
  const shapes = shapesOf(schema, root);
  const inner = shapes.find((one) => one.description !== undefined)?.description;
  const text = schema?.description ?? inner ?? "";
  const accepted = [...new Set(shapes.map(acceptedOf).filter(Boolean))].join(", or ");
  const otherwise = schema?.default;
  const lines = [text, accepted && `Accepted: ${accepted}.`];
  if (otherwise !== undefined && otherwise !== null && otherwise !== "")
    lines.push(`Without it: ${typeof otherwise === "object" ? JSON.stringify(otherwise) : String(otherwise)}.`);
  return lines.filter(Boolean).join(" ");
}

function acceptedOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(String).join(", ");
  if (schema.type === "number" || schema.type === "integer") {
    const bounds = [
      schema.exclusiveMinimum === undefined ? "" : `above ${schema.exclusiveMinimum}`,
      schema.minimum === undefined ? "" : `at least ${schema.minimum}`,
      schema.exclusiveMaximum === undefined ? "" : `below ${schema.exclusiveMaximum}`,
      schema.maximum === undefined ? "" : `at most ${schema.maximum}`,
    ].filter(Boolean);
    return [schema.type === "integer" ? "a whole number" : "a number", bounds.join(", ")].filter(Boolean).join(" ");
  }
  if (schema.type === "boolean") return "true, false";
  if (schema.type === "array") return "a list";
  return "";
}
