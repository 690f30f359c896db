import { useDebouncedCallback } from "@mantine/hooks";
import { useRef, useState } from "react";
import { client } from "../../api/client";
import type { FieldFinding } from "../../components/Findings";
import type { TextField } from "../../model/request";

const PAUSE = 400;
export type Checked = Partial<Record<TextField, FieldFinding[]>>;

/** Each text is checked by the server a moment after it was written; the last text of a field has the last word. */
export function useFindings() {
  const [checked, setChecked] = useState<Checked>({});
  const latest = useRef<Partial<Record<TextField, string>>>({});
  const told = (field: TextField, findings: FieldFinding[] | undefined): void =>
    setChecked((before) => ({ ...before, [field]: findings }));

  const ask = async (field: TextField, text: string): Promise<void> => {
    try {
      const { data } = await client.POST("/api/validate", { body: { kind: field, text } });
      if (latest.current[field] === text) told(field, data?.problems);
    } catch {
      told(field, undefined); // no answer is no judgement: starting the run will say it again
    }
  };
  const waiting = useRef(new Set<TextField>());
  const later = useDebouncedCallback(() => {
    for (const field of waiting.current) void ask(field, latest.current[field] ?? "");
    waiting.current.clear();
  }, PAUSE);
  const check = (field: TextField, text: string): void => {
    latest.current[field] = text;
    told(field, undefined);
    if (text.trim() === "" || isPath(text)) return;
    waiting.current.add(field);
    later();
  };
  return { checked, check };
}

/** One line that begins as a path: what is in that file is read when the run begins. */
const isPath = (text: string): boolean => /^\s*(\/|~\/|[A-Za-z]:\\)[^\n]*\s*$/.test(text);
