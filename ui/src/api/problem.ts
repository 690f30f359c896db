/** A refusal as the server words it: an RFC 9457 problem document. */

export type FieldFault = { field: string; message: string; accepted?: string | null; line?: number | null; column?: number | null };

export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly errors: FieldFault[];

  constructor(status: number, title: string, detail: string, errors: FieldFault[]) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.errors = errors;
  }
}

export function problemOf(status: number, body: unknown): Problem {
  const given = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const errors = Array.isArray(given.errors) ? (given.errors as FieldFault[]) : [];
  return new Problem(status, asText(given.title, `The server answered ${status}`), asText(given.detail, ""), errors);
}

const asText = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
