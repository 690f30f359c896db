import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { api, download, type Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { Section } from "../../components/Section";
import { Signed } from "../../components/Signed";
import { useMoment } from "../../components/zone";
import { exact, inR, words } from "../../model/format";
import { Failure } from "../Failure";

const PAGE_SIZE = 25;

/** Every set with both arms' outcomes. */
export function SetTable({ experimentId, names }: { experimentId: string; names: readonly [string, string] }) {
  const at = useMoment();
  const [page, setPage] = useState(1);
  const sets = api.useQuery(
    "get",
    "/api/experiments/{experiment_id}/sets",
    { params: { path: { experiment_id: experimentId }, query: { page, page_size: PAGE_SIZE } } },
    { placeholderData: keepPreviousData },
  );
  const file = (format: "csv" | "json"): string =>
    download(`/api/experiments/${encodeURIComponent(experimentId)}/sets`, new URLSearchParams(), format);
  const table = sets.data as Shape["ExperimentSetPage"] | undefined; // no format was asked for
  if (table === undefined)
    return (
      <Section id="sets" title="Sets under both arms">
        {sets.error ? <Failure fault={sets.error} /> : <p className="quiet">Reading the sets.</p>}
      </Section>
    );
  // What is said of the rows comes with the rows: the page that was asked for may still be under way.
  const { total, page: shown, items } = table;
  return (
    <Section id="sets" title="Sets under both arms">
      {sets.error && <Failure fault={sets.error} />}
      <Scroll name="Sets under both arms">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Opened</th>
              <th scope="col">Symbol</th>
              <th scope="col">Side</th>
              <th scope="col">Assigned to</th>
              <th scope="col" className="right">
                {names[0]}
              </th>
              <th scope="col">Left by</th>
              <th scope="col" className="right">
                {names[1]}
              </th>
              <th scope="col">Left by</th>
              <th scope="col" className="right">
                Difference
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.set}>
                <th scope="row" className="whole">{at(one.opened_at)}</th>
                <td>{one.symbol}</td>
                <td>{one.side}</td>
                <td>{one.arm}</td>
                <td className="right">{inR(one.first_r)}</td>
                <td>{words(one.first_exits?.at(-1) ?? null)}</td>
                <td className="right">{inR(one.second_r)}</td>
                <td>{words(one.second_exits?.at(-1) ?? null)}</td>
                <td className="right">
                  <Signed of={one.difference_r}>{inR(one.difference_r)}</Signed>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <nav className="pager" aria-label="Pages of sets">
        <button type="button" className="plain-button" disabled={page <= 1} onClick={() => setPage(page - 1)}>
          Earlier
        </button>
        <span className="quiet" role="status">
          {exact(Math.min((shown - 1) * PAGE_SIZE + 1, total))} to {exact(Math.min(shown * PAGE_SIZE, total))} of{" "}
          {exact(total)} sets
        </span>
        <button
          type="button"
          className="plain-button"
          disabled={page * PAGE_SIZE >= total}
          onClick={() => setPage(page + 1)}
        >
          Later
        </button>
        <a href={file("csv")} download>
          CSV
        </a>
        <a href={file("json")} download>
          JSON
        </a>
      </nav>
    </Section>
  );
}
