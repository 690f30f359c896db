import { Term } from "./Term";

/** `right`: over numbers. `wide`: its column is left out where the page is narrow. */
export type Head = { name: string; right?: boolean; wide?: boolean; meaning?: string };

/** The heads of a table's columns. */
export function Heads({ of }: { of: readonly Head[] }) {
  return (
    <thead>
      <tr>
        {of.map((head) => (
          <th key={head.name} scope="col" className={classOf(head)}>
            <Term meaning={head.meaning}>{head.name}</Term>
          </th>
        ))}
      </tr>
    </thead>
  );
}

const classOf = ({ right, wide }: Head): string | undefined =>
  [right && "right", wide && "wide-only"].filter(Boolean).join(" ") || undefined;
