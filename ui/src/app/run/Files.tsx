import type { Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { exact } from "../../model/format";

/** All that the run left behind, to take away. */
export function Files({ run }: { run: Shape["RunDetail"] }) {
  if (run.files.length === 0) return <p className="quiet">No file was kept.</p>;
  const main = run.files.filter((file) => !file.name.includes("/"));
  const further = run.files.filter((file) => file.name.includes("/"));
  return (
    <>
      <FileTable run_id={run.run_id} files={main} name="Files of the run" />
      {further.length > 0 && (
        <details>
          <summary>{further.length} files of the favorable path</summary>
          <FileTable run_id={run.run_id} files={further} name="Files of the favorable path" />
        </details>
      )}
    </>
  );
}

function FileTable({ run_id, files, name }: { run_id: string; files: Shape["RunFile"][]; name: string }) {
  return (
    <Scroll name={name}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className="right">
              Bytes
            </th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <tr key={file.name}>
              <th scope="row">
                <a href={`/api/runs/${encodeURIComponent(run_id)}/files/${encodeURIComponent(file.name)}`} download>
                  {file.name}
                </a>
              </th>
              <td className="right">{exact(file.size)}</td>
              <td>
                <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
