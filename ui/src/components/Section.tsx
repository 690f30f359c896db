import type { ReactNode } from "react";
import { ExportButtons } from "./ExportButtons";
import type { Table } from "../model/export";

type Props = { id: string; title: string; lead?: ReactNode; table?: () => Table; children: ReactNode };

export function Section({ id, title, lead, table, children }: Props) {
  return (
    <section id={id} className="section" aria-labelledby={`${id}-title`}>
      <header className="section-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {table && <ExportButtons tables={[table]} of={title} />}
      </header>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </section>
  );
}
