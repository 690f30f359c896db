import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { api } from "../../api/client";
import { Section } from "../../components/Section";
import { useMoment } from "../../components/zone";
import { Failure } from "../Failure";
import { Consent } from "./Consent";
import { Evidence, Gates } from "./Gates";
import { type Detail, findingsOf, GATES, STATES } from "./model";
import { ReviewForm } from "./ReviewForm";
import "./strategist.css";
import { Written } from "./Written";

/** One written plan: its text beside what changes and what the linter says, the evidence, and the operator's step. */
export function Proposal() {
  const { proposalId = "" } = useParams();
  const client = useQueryClient();
  const asked = { params: { path: { proposal_id: proposalId } } };
  const read = api.useQuery("get", "/api/strategist/proposals/{proposal_id}", asked);
  if (read.error) return <Failure fault={read.error} />;
  if (read.data === undefined) return <p className="quiet">Reading the plan.</p>;
  const one = read.data;
  const changed = (now: Detail): void => {
    client.setQueryData(api.queryOptions("get", "/api/strategist/proposals/{proposal_id}", asked).queryKey, now);
    void client.invalidateQueries({ queryKey: ["get", "/api/strategist/proposals"] });
  };
  return (
    <>
      <header className="screen-head">
        <h1>{one.plan_id}</h1>
        <Link to="/strategist">All plans</Link>
      </header>
      <Standing one={one} changed={changed} />
      <div className="plan-beside">
        <Section id="plan" title="Plan" lead={one.origin ?? "A plan file that names no origin."}>
          <Written name="Text of the plan" lines={linesOf(one.text)} marked={markedIn(one)} numbered />
        </Section>
        <div>
          <Section id="difference" title="Difference" lead={one.compared_with ? `From ${one.compared_with}, the plan in force.` : undefined}>
            {one.diff.length > 0 ? (
              <Written name="Difference from the plan in force" lines={one.diff} />
            ) : (
              <p className="empty">{one.state === "active" ? "This is the plan in force." : "No plan is in force."}</p>
            )}
          </Section>
          <Section id="lint" title="Findings">
            <FindingList one={one} />
          </Section>
        </div>
      </div>
      <Section id="evidence" title="Evidence">
        <Evidence one={one} />
      </Section>
      {one.turns.length > 0 && <Conversation one={one} />}
    </>
  );
}

function Standing({ one, changed }: { one: Detail; changed: (now: Detail) => void }) {
  const at = useMoment();
  const judged = one.state === "quarantine" || one.state === "shadow";
  return (
    <Section id="standing" title={`State: ${STATES[one.state]}`} lead={one.judged_at ? `Judged ${at(one.judged_at)}.` : "Not judged yet."}>
      <Gates one={one} />
      {one.pinned.length > 0 && <p className="quiet">Open positions under it: {one.pinned.join(", ")}.</p>}
      {judged && <ReviewForm one={one} changed={changed} />}
      <Consent one={one} changed={changed} />
    </Section>
  );
}

function FindingList({ one }: { one: Detail }) {
  const found = findingsOf(one.gates);
  if (found.length === 0) return <p className="empty">{one.judged_at ? "Nothing was found." : "It was not judged yet."}</p>;
  return (
    <ul className="findings">
      {found.map((finding) => (
        <li key={`${finding.gate} ${finding.trigger_id} ${finding.message}`} className={finding.severity}>
          {GATES[finding.gate]}
          {finding.line !== null && `, line ${finding.line}`}
          {finding.trigger_id !== null && `, ${finding.trigger_id}`}: {finding.message}
          {finding.advice && <span className="quiet">; {finding.advice}</span>}
        </li>
      ))}
    </ul>
  );
}

function Conversation({ one }: { one: Detail }) {
  return (
    <Section id="conversation" title="Conversation" lead="What the model was told of each of its answers.">
      <ol>
        {one.turns.map((turn, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- answers have no other name than their place
          <li key={index}>{turn.faults.length === 0 ? "Taken." : turn.faults.join(" · ")}</li>
        ))}
      </ol>
    </Section>
  );
}

const linesOf = (text: string): { text: string }[] => text.trimEnd().split("\n").map((line) => ({ text: line }));
const markedIn = (one: Detail): Set<number> =>
  new Set(findingsOf(one.gates).flatMap(({ line }) => (line === null ? [] : [line])));
