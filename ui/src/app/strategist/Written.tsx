type Line = { kind?: "same" | "added" | "removed" | "place"; text: string };
type Props = { name: string; lines: readonly Line[]; marked?: ReadonlySet<number>; numbered?: boolean };

const SAID = { added: "added: ", removed: "removed: ", same: "", place: "" } as const;

/** Text that somebody else wrote, line by line and as text. */
export function Written({ name, lines, marked, numbered = false }: Props) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="plan-text" tabIndex={0} role="region" aria-label={name}>
      <pre className={numbered ? "written numbered" : "written"}>
        {lines.map(({ kind, text }, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a line has no other name than its place
          <span key={index} className={marked?.has(index + 1) ? "marked" : kind}>
            {kind && SAID[kind] && <i className="unseen">{SAID[kind]}</i>}
            {text === "" ? " " : text}
          </span>
        ))}
      </pre>
    </div>
  );
}
