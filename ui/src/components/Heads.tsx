/** `right`: over numbers. `wide`: its column is left out where the page is narrow. */
export type Head = { name: string; right?: boolean; wide?: boolean };

/** The heads of a table's columns. */
export function Heads({ of }: { of: readonly Head[] }) {
  return (
    <thead>
      <tr>
        {of.map((head) => (
          <th key={head.name} scope="col" className={classOf(head)}>
            {head.name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

const classOf = ({ right, wide }: Head): string | undefined =>
  [right && "right", wide && "wide-only"].filter(Boolean).join(" ") || undefined;
