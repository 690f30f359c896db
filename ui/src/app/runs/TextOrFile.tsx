import type { ReactNode } from "react";
import { CodeArea } from "../../components/CodeArea";
import type { FieldFinding } from "../../components/Findings";

type Props = {
  id: string;
  label: string;
  hint: string;
  rows?: number;
  value: string;
  checked: readonly FieldFinding[] | undefined;
  refused: readonly FieldFinding[];
  accept: string;
  onChange: (text: string) => void;
  children?: ReactNode;
};

/** A text that is written here or taken from a file of the reader's; the server's refusal outranks the check before. */
export function TextOrFile({ id, label, hint, rows, value, checked, refused, accept, onChange, children }: Props) {
  const findings = refused.length > 0 ? refused : (checked ?? []);
  return (
    <div className="text-or-file">
      <CodeArea
        id={id}
        label={label}
        hint={hint}
        rows={rows}
        value={value}
        findings={findings}
        praise={checked !== undefined && value.trim() !== "" ? "Checked: no fault found." : undefined}
        onChange={onChange}
      />
      <div className="from-file">
        {children}
        <label className="link">
          Open a file
          <input
            type="file"
            className="unseen"
            accept={accept}
            onChange={(event) => {
              const field = event.currentTarget;
              void field.files?.[0]?.text().then((text) => {
                onChange(text);
                field.value = "";
              });
            }}
          />
        </label>
      </div>
    </div>
  );
}
