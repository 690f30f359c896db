import { useEffect, useMemo } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, type Shape } from "../../api/client";
import { LegTable } from "../../components/sets/LegTable";
import { PlanTable } from "../../components/sets/PlanTable";
import { SetFacts } from "../../components/sets/SetFacts";
import { Signed } from "../../components/Signed";
import { useMoment } from "../../components/zone";
import { duration, exact, inR, money } from "../../model/format";
import { planOfServed, setOfServed } from "../../model/served";
import { Failure } from "../Failure";
import { SetChart } from "./SetChart";
import { Timeline } from "./Timeline";
import { useDecisions } from "./useDecisions";

/** One set at large: its candles with the ladder, its legs and plan, and every decision about it. */
export function Set() {
  const { run_id = "", set_id = "" } = useParams();
  const asked = api.useQuery(
    "get",
    "/api/runs/{run_id}/trade_sets/{set_id}",
    { params: { path: { run_id, set_id } } },
    { staleTime: Infinity },
  );
  if (asked.error) return <Failure fault={asked.error} />;
  if (asked.data === undefined) return <p className="quiet">Reading the set.</p>;
  return <Shown key={set_id} run_id={run_id} detail={asked.data} />;
}

const addressOf = (run_id: string, set_id: string): string =>
  `/runs/${encodeURIComponent(run_id)}/sets/${encodeURIComponent(set_id)}`;

function Shown({ run_id, detail }: { run_id: string; detail: Shape["TradeSetDetail"] }) {
  const set = useMemo(() => setOfServed(detail), [detail]);
  const plan = useMemo(() => planOfServed(detail.plan), [detail]);
  const { steps, left, error } = useDecisions(run_id, detail.set_id, set.legs);
  useNeighbourKeys(run_id, detail);
  return (
    <>
      <Head run_id={run_id} detail={detail} />
      <section className="section" aria-label="Chart">
        <SetFacts set={set} plan={plan} />
        <SetChart run_id={run_id} detail={detail} set={set} plan={plan} />
      </section>
      <div className="two set-parts">
        <section className="section" aria-labelledby="timeline-title">
          <header className="section-head">
            <h2 id="timeline-title">Decisions</h2>
            <span className="quiet">who asked, what the guards said, who went first</span>
          </header>
          {error ? <Failure fault={error} /> : steps ? <Timeline steps={steps} /> : <p className="quiet">Reading.</p>}
          {left > 0 && <p className="quiet">and {exact(left)} further rows, in the table of decisions.</p>}
        </section>
        <div className="stack">
          <section className="section" aria-label="Legs">
            <LegTable legs={set.legs} of={set.set_id} />
          </section>
          {plan !== undefined && plan.legs.length > 0 && (
            <section className="section" aria-label="Plan">
              <PlanTable plan={plan} of={set.set_id} />
            </section>
          )}
        </div>
      </div>
    </>
  );
}

function Head({ run_id, detail }: { run_id: string; detail: Shape["TradeSetDetail"] }) {
  const at = useMoment();
  const run = `/runs/${encodeURIComponent(run_id)}`;
  return (
    <header className="run-head">
      <nav aria-label="Where this is" className="crumbs">
        <Link to="/runs">Backtests</Link> <span aria-hidden="true">/</span>{" "}
        <Link to={run}>
          <code>{run_id}</code>
        </Link>{" "}
        <span aria-hidden="true">/</span> <code>{detail.set_id}</code>
      </nav>
      <div className="screen-head">
        <h1>
          {detail.symbol} <span className={`side ${detail.side}`}>{detail.side}</span>{" "}
          <Signed of={detail.pnl_net} title={exact(detail.pnl_net, true)}>
            {money(detail.pnl_net, true)}
          </Signed>{" "}
          <span className="quiet">{inR(detail.r_multiple)}</span>
        </h1>
        <span className="spacer" />
        <nav className="deeds" aria-label="Sets of the run">
          <Neighbour run_id={run_id} set_id={detail.previous} name="Previous set" sign="←" />
          <Neighbour run_id={run_id} set_id={detail.next} name="Next set" sign="→" />
        </nav>
      </div>
      <p className="span">
        {at(detail.opened_at)} to {detail.closed_at === null ? "the end of the candles, still open" : at(detail.closed_at)}
        {detail.hold_duration !== null && <> · {duration(detail.hold_duration)}</>} · {detail.num_legs} legs
      </p>
    </header>
  );
}

type NeighbourProps = { run_id: string; set_id: string | null; name: string; sign: string };

function Neighbour({ run_id, set_id, name, sign }: NeighbourProps) {
  if (set_id === null) return <span className="quiet">no {name.toLowerCase()}</span>;
  return (
    <Link to={addressOf(run_id, set_id)} aria-keyshortcuts={sign === "←" ? "ArrowLeft" : "ArrowRight"}>
      {sign === "←" && <kbd>←</kbd>} {name} {sign === "→" && <kbd>→</kbd>}
    </Link>
  );
}

/** Left and right walk through the sets of the run, but not where these keys move something else. */
function useNeighbourKeys(run_id: string, { previous, next }: Shape["TradeSetDetail"]): void {
  const go = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const on = event.target as HTMLElement;
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (on.closest("input, select, textarea, [role=radiogroup], .scroll")) return;
      const to = event.key === "ArrowLeft" ? previous : event.key === "ArrowRight" ? next : null;
      if (to !== null) void go(addressOf(run_id, to));
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [go, run_id, previous, next]);
}
