/** Problems of one field, beside it: where, what was found, what would be accepted. */
export type FieldFinding = {
  severity?: "error" | "warning" | "note";
  message: string;
  accepted?: string | null;
  line?: number | null;
  column?: number | null;
};

type Props = { id: string; findings: readonly FieldFinding[]; go?: (line: number, column: number) => void };

export function Findings({ id, findings, go }: Props) {
  if (findings.length === 0) return null;
  return (
    <ul id={id} className="findings">
      {findings.map((finding) => (
        <li
          key={`${finding.line}:${finding.column}:${finding.message}`}
          className={finding.severity === "warning" || finding.severity === "note" ? finding.severity : "error"}
        >
          <Place finding={finding} go={go} />
          {finding.message}
          {finding.accepted ? <span className="quiet">; accepted: {finding.accepted}</span> : null}
        </li>
      ))}
    </ul>
  );
}

function Place({ finding: { line, column }, go }: { finding: FieldFinding; go: Props["go"] }) {
  if (line === null || line === undefined) return null;
  const place = `Line ${line}${column ? `, column ${column}` : ""}`;
  return go ? (
    <>
      <button type="button" className="link" onClick={() => go(line, column ?? 1)}>
        {place}
      </button>
      {": "}
    </>
  ) : (
    `${place}: `
  );
}
