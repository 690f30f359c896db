import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, type Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { useMoment } from "../../components/zone";
import { exact, percent } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import "./experiments.css";
import { STATES } from "./model";

const HEADS: Head[] = [
  { name: "Experiment" },
  { name: "Arms", wide: true },
  { name: "State" },
  { name: "Sets", right: true, wide: true },
  { name: "Verdict" },
  { name: "Made", wide: true },
];

const PAGE_SIZE = 50;
const POLL = 2_000;

/** Every experiment that was made, the newest first. */
export function Experiments() {
  const address = useAddress();
  const page = Number(address.one("page") || "1") || 1;
  const made = api.useQuery(
    "get",
    "/api/experiments",
    { params: { query: { page, page_size: PAGE_SIZE } } },
    {
      placeholderData: keepPreviousData,
      refetchInterval: ({ state }) => (state.data?.items.some((one) => one.state === "running") ? POLL : false),
    },
  );
  return (
    <>
      <header className="screen-head">
        <h1>Experiments</h1>
        <Link to="/experiments/new">Start an experiment</Link>
      </header>
      <section className="section" aria-label="Experiments">
        <p className="lead">
          Two ways of leaving, on the same entries. Every set is replayed under both; the verdict holds however often it
          is looked at.
        </p>
        {made.error ? <Failure fault={made.error} /> : <Rows page={made.data} />}
        {made.data && made.data.total > PAGE_SIZE && (
          <nav className="pager" aria-label="Pages">
            <button
              type="button"
              className="plain-button"
              disabled={page <= 1}
              onClick={() => address.set({ page: String(page - 1) })}
            >
              Newer
            </button>
            <button
              type="button"
              className="plain-button"
              disabled={page * PAGE_SIZE >= made.data.total}
              onClick={() => address.set({ page: String(page + 1) })}
            >
              Older
            </button>
          </nav>
        )}
      </section>
    </>
  );
}

function Rows({ page }: { page: Shape["ExperimentPage"] | undefined }) {
  const at = useMoment();
  if (page === undefined) return <p className="quiet">Reading the experiments.</p>;
  if (page.items.length === 0) return <p className="empty">None yet. An experiment that you start appears here.</p>;
  return (
    <Scroll name="Experiments">
      <table className="plain experiments">
        <Heads of={HEADS} />
        <tbody>
          {page.items.map((one) => (
            <tr key={one.experiment_id}>
              <th scope="row">
                <Link to={`/experiments/${encodeURIComponent(one.experiment_id)}`}>{one.name}</Link>
              </th>
              <td className="wide-only">{one.arms.join(" and ")}</td>
              <td>
                <span className={`run-status ${one.state}`}>{STATES[one.state]}</span>
                {one.progress !== null && ` ${percent(one.progress, 0)}`}
              </td>
              <td className="right wide-only">{exact(one.num_sets)}</td>
              <td className="told">{one.verdict ?? one.error ?? ""}</td>
              <td className="wide-only">{at(one.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
