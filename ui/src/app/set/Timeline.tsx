import { useMoment } from "../../components/zone";
import { exact, money, percent, words } from "../../model/format";
import type { Asked, Step } from "../../model/timeline";
import { Signed } from "../../components/Signed";

/** What happened and what was decided, moment by moment. */
export function Timeline({ steps }: { steps: Step[] }) {
  const at = useMoment();
  if (steps.length === 0) return <p className="quiet">No decision was made about this set.</p>;
  return (
    <ol className="timeline">
      {steps.map((step) => (
        <li key={step.time}>
          <div className="moment">
            <time dateTime={step.time}>{at(step.time)}</time>
            {step.price !== null && <small>at {exact(step.price)}</small>}
          </div>
          <div>
            {step.legs.map((leg) => (
              <p key={leg.leg_id} className="fill">
                <b>
                  {leg.side === "buy" ? "bought" : "sold"} {exact(leg.qty)}
                </b>{" "}
                at {exact(leg.price)}, {words(leg.reason)}
                {!leg.is_entry && (
                  <>
                    {" "}
                    <Signed of={leg.realized_pnl}>{money(leg.realized_pnl, true)}</Signed>
                  </>
                )}
              </p>
            ))}
            {step.asked.map((asked) => (
              <Candidate key={asked.key} asked={asked} />
            ))}
            {step.events.map((event) => (
              <p key={event.event_id} className="quiet">
                {words(event.kind)}: {words(event.reason)}
                {event.detail ? `, ${event.detail}` : ""}
              </p>
            ))}
          </div>
        </li>
      ))}
    </ol>
  );
}

const MARKS: Record<Asked["verdict"], string> = { won: "✓", lost: "×", blocked: "⊘" };

function Candidate({ asked }: { asked: Asked }) {
  const refusals = asked.guards.filter((guard) => guard.refusal !== null);
  return (
    <details className={`asked ${asked.verdict}`}>
      <summary>
        <span className="verdict">
          <span aria-hidden="true">{MARKS[asked.verdict]}</span> {asked.verdict}
        </span>
        <b>{asked.trigger}</b>
        <small>
          {words(asked.kind)}
          {asked.fraction !== null && <>, {percent(asked.fraction, 0)} of the position</>}
          {asked.grade !== null && <>, grade {asked.grade}</>}
        </small>
        <span className="why">{asked.why}</span>
      </summary>
      <dl className="guards">
        <div>
          <dt>Rank</dt>
          <dd>{asked.rank === null ? "none: a guard said no before ranks are compared" : `${asked.rank} (0 goes first)`}</dd>
        </div>
        {asked.guards.map((guard) => (
          <div key={guard.name} className={guard.refusal === null ? undefined : "refused"}>
            <dt>{words(guard.name)}</dt>
            <dd>{guard.refusal ?? "yes"}</dd>
          </div>
        ))}
        {refusals.length === 0 && asked.guards.length === 0 && <p className="quiet">No guard stands before this kind.</p>}
      </dl>
    </details>
  );
}
