import { useRef } from "react";
import { Findings, type FieldFinding } from "./Findings";

type Props = {
  id: string;
  label: string;
  hint?: string;
  value: string;
  rows?: number;
  findings: readonly FieldFinding[];
  /** What is said under the field while there is nothing to complain of. */
  praise?: string;
  onChange: (text: string) => void;
  onBlur?: () => void;
};

/** A field for a text with lines: they are numbered, those with a fault are marked, and a fault leads to its place. */
export function CodeArea({ id, label, hint, value, rows = 10, findings, praise, onChange, onBlur }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLPreElement>(null);
  const marked = new Set(findings.map((finding) => finding.line));
  const count = Math.max(1, value.split("\n").length);
  const faulty = findings.some((finding) => finding.severity === undefined || finding.severity === "error");
  const go = (line: number, column: number): void => {
    const place = value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1;
    area.current?.focus();
    area.current?.setSelectionRange(place, place);
    if (area.current) area.current.scrollTop = Math.max(0, (line - 3) * LINE);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p id={`${id}-hint`} className="quiet">
          {hint}
        </p>
      )}
      <div className={faulty ? "code faulty" : "code"}>
        <pre ref={gutter} aria-hidden="true">
          {Array.from({ length: count }, (_, index) => (
            <span key={index} className={marked.has(index + 1) ? "marked" : undefined}>
              {index + 1}
              {"\n"}
            </span>
          ))}
        </pre>
        <textarea
          ref={area}
          id={id}
          rows={rows}
          value={value}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          aria-invalid={faulty}
          aria-describedby={[hint && `${id}-hint`, findings.length > 0 && `${id}-findings`].filter(Boolean).join(" ") || undefined}
          onChange={(event) => onChange(event.currentTarget.value)}
          onBlur={onBlur}
          onScroll={(event) => {
            if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <div aria-live="polite">
        <Findings id={`${id}-findings`} findings={findings} go={go} />
        {findings.length === 0 && praise && <p className="quiet fine">{praise}</p>}
      </div>
    </div>
  );
}

const LINE = 19;
