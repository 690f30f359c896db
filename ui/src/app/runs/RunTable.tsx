import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import type { Shape } from "../../api/client";
import { Confirm } from "../../components/Confirm";
import { Scroll } from "../../components/Scroll";
import { Signed } from "../../components/Signed";
import { Meaning, Term } from "../../components/Term";
import { useMoment } from "../../components/zone";
import { DASH, exact, inR, money, percent } from "../../model/format";
import { MEANINGS } from "../../model/meanings";
import { Failure } from "../Failure";
import { MOVING } from "../useProgress";
import { RunStatus } from "./RunStatus";
import { useRunActions } from "./useRunActions";

type Run = Shape["RunSummary"];
type Head = { name: string; sort?: string; right?: boolean; meaning?: string };

const HEADS: Head[] = [
  { name: "Run" },
  { name: "Status", sort: "status" },
  { name: "Candles", sort: "timeframe" },
  { name: "Sets", sort: "num_sets", right: true, meaning: MEANINGS.num_sets },
  { name: "Net P&L", sort: "net_pnl", right: true, meaning: MEANINGS.net_pnl },
  { name: "Net R", sort: "net_r", right: true, meaning: MEANINGS.net_r },
  { name: "Mean R", right: true, meaning: MEANINGS.net_r_mean },
  { name: "Won", sort: "win_rate", right: true, meaning: MEANINGS.win_rate },
  { name: "Drawdown", sort: "max_drawdown", right: true, meaning: MEANINGS.max_drawdown },
  { name: "Made", sort: "created_at" },
];

type Props = { runs: Run[]; sort: string; sortBy: (sort: string) => void };

export function RunTable({ runs, sort, sortBy }: Props) {
  const [leaving, setLeaving] = useState<Run | null>(null);
  const actions = useRunActions();
  return (
    <>
      {actions.fault !== null && actions.fault !== undefined && <Failure fault={actions.fault} />}
      <Scroll name="Runs">
        <table className="plain runs">
          <thead>
            <tr>
              {HEADS.map((head) => (
                <HeadCell key={head.name} head={head} sort={sort} sortBy={sortBy} />
              ))}
              <th scope="col">
                <span className="unseen">Cancel or delete</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Row key={run.run_id} run={run} cancel={() => actions.cancel(run.run_id)} remove={() => setLeaving(run)} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {leaving && (
        <Confirm
          title={`Delete ${leaving.label ?? leaving.run_id}?`}
          action="Delete the run"
          onCancel={() => setLeaving(null)}
          onConfirm={() => {
            const { run_id } = leaving;
            setLeaving(null);
            void actions.remove(run_id).catch(() => undefined); // the fault is shown above the table
          }}
        >
          <p>
            Its sets, events and files are removed from the store. The same inputs, run again, make the same run.
          </p>
        </Confirm>
      )}
    </>
  );
}

function HeadCell({ head, sort, sortBy }: { head: Head; sort: string; sortBy: (sort: string) => void }) {
  const key = head.sort;
  const chosen = key !== undefined && sort.replace("-", "") === key;
  const down = sort.startsWith("-");
  return (
    <th
      scope="col"
      className={head.right ? "right" : undefined}
      aria-sort={chosen ? (down ? "descending" : "ascending") : undefined}
    >
      {key === undefined ? (
        <Term meaning={head.meaning}>{head.name}</Term>
      ) : (
        <Meaning of={head.meaning}>
          <button type="button" className="sort" onClick={() => sortBy(chosen && down ? key : `-${key}`)}>
            {head.name}
            <i aria-hidden="true">{chosen ? (down ? "↓" : "↑") : ""}</i>
          </button>
        </Meaning>
      )}
    </th>
  );
}

function Row({ run, cancel, remove }: { run: Run; cancel: () => void; remove: () => void }) {
  const at = useMoment();
  const name = run.label ?? run.run_id;
  return (
    <tr>
      <th scope="row">
        <Link to={`/runs/${encodeURIComponent(run.run_id)}`}>{name}</Link>
        {run.label !== null && <small className="under">{run.run_id}</small>}
      </th>
      <td>
        <RunStatus run={run} />
      </td>
      <td>
        {run.symbols.join(", ") || DASH} <small>{run.timeframe ?? ""}</small>
      </td>
      <td className="right">{exact(run.num_sets)}</td>
      <td className="right">
        <Signed of={run.net_pnl}>{money(run.net_pnl, true)}</Signed>
      </td>
      <td className="right">{inR(run.net_r)}</td>
      <td className="right">{inR(run.net_r_mean)}</td>
      <td className="right">{percent(run.win_rate)}</td>
      <td className="right">{percent(run.max_drawdown)}</td>
      <td>{at(run.created_at)}</td>
      <td className="right">
        {MOVING.has(run.status) ? (
          <Button size="compact-xs" variant="default" onClick={cancel} aria-label={`Cancel ${name}`}>
            Cancel
          </Button>
        ) : (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={remove} aria-label={`Delete ${name}`}>
            Delete
          </Button>
        )}
      </td>
    </tr>
  );
}
