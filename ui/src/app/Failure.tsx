import { Problem } from "../api/problem";

/** What went wrong, in the server's words where it has any. */
export function Failure({ fault }: { fault: unknown }) {
  const title = fault instanceof Problem ? fault.title : "This screen could not be shown";
  const detail = fault instanceof Error ? fault.message : String(fault);
  return (
    <section className="section" role="alert">
      <h2>{title}</h2>
      {detail !== title && <p className="quiet">{detail}</p>}
      {fault instanceof Problem && fault.errors.length > 0 && (
        <ul>
          {fault.errors.map(({ field, message, line, column }) => (
            <li key={`${field}-${message}`}>
              <code>{field}</code>
              {line !== undefined && line !== null && `, line ${line}${column ? `, column ${column}` : ""}`}: {message}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
