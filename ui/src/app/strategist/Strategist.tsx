import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, client, type Shape } from "../../api/client";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Section } from "../../components/Section";
import { useMoment } from "../../components/zone";
import { words } from "../../model/format";
import { Failure } from "../Failure";
import { CandleNames } from "./CandleNames";
import { GATES, STATES, STYLES } from "./model";
import "./strategist.css";

const HEADS: Head[] = [
  { name: "Plan" },
  { name: "State" },
  { name: "From" },
  { name: "Gates" },
  { name: "Made" },
];

/** Every written plan, a form for one more, and the prompts. */
export function Strategist() {
  const held = api.useQuery("get", "/api/strategist/proposals");
  return (
    <>
      <header className="screen-head">
        <h1>Strategist</h1>
      </header>
      <section className="section" aria-label="Plans">
        <p className="lead">
          Plans that a template or a model has written. One is in force at most, and only by an operator’s word.
        </p>
        {held.error ? <Failure fault={held.error} /> : <Rows list={held.data} />}
      </section>
      <Section id="propose" title="Propose a plan">
        <Propose model={held.data?.model ?? null} />
      </Section>
      <Section id="prompts" title="Prompts">
        <Prompts />
      </Section>
    </>
  );
}

function Rows({ list }: { list: Shape["ProposalList"] | undefined }) {
  const at = useMoment();
  if (list === undefined) return <p className="quiet">Reading the plans.</p>;
  if (list.items.length === 0) return <p className="empty">None yet. A plan that is proposed or reviewed appears here.</p>;
  return (
    <Scroll name="Plans">
      <table className="plain">
        <Heads of={HEADS} />
        <tbody>
          {list.items.map((one) => (
            <tr key={one.proposal_id}>
              <th scope="row">
                <Link to={`/strategist/${one.proposal_id}`}>{one.plan_id}</Link>
              </th>
              <td>{STATES[one.state]}</td>
              <td>{one.by === "template" && one.style ? `template ${words(one.style)}` : (one.by ?? "file")}</td>
              <td>{gatesWord(one)}</td>
              <td>{at(one.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function gatesWord(one: Shape["ProposalSummary"]): string {
  if (one.refused_by) return `refused: ${GATES[one.refused_by].toLowerCase()}`;
  if (one.is_ready) return "waits for consent";
  return one.judged_at === null ? "not judged" : "";
}

function Propose({ model }: { model: string | null }) {
  const go = useNavigate();
  const [candles, setCandles] = useState<string[]>([]);
  const [style, setStyle] = useState<(typeof STYLES)[number]>("balanced");
  const [asksModel, setAsksModel] = useState(false);
  const [waiting, setWaiting] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const files = api.useQuery("get", "/api/candles");
  const propose = async (): Promise<void> => {
    setWaiting(true);
    setFault(null);
    try {
      const { data } = await client.POST("/api/strategist/proposals", { body: { candles, style, use_model: asksModel } });
      if (data) await go(`/strategist/${data.proposal_id}`);
    } catch (error) {
      setFault(error);
    }
    setWaiting(false);
  };
  return (
    <form
      className="controls"
      aria-label="Propose a plan"
      onSubmit={(event) => {
        event.preventDefault();
        void propose();
      }}
    >
      <CandleNames files={files.data?.items} chosen={candles} choose={setCandles} />
      <div className="control">
        <label htmlFor="style">Style</label>
        <select id="style" value={style} onChange={(event) => setStyle(STYLES.find((one) => one === event.currentTarget.value) ?? "balanced")}>
          {STYLES.map((one) => (
            <option key={one} value={one}>
              {words(one)}
            </option>
          ))}
        </select>
      </div>
      {model !== null && (
        <label className="check">
          <input type="checkbox" checked={asksModel} onChange={(event) => setAsksModel(event.currentTarget.checked)} />
          ask {model}
        </label>
      )}
      <button type="submit" className="plain-button main" disabled={waiting || candles.length === 0}>
        {asksModel ? "Ask the model" : "Write from the template"}
      </button>
      {model === null && <p className="quiet">The server names no model (EXITBRAIN_MODEL); templates need none.</p>}
      {fault !== null && <Failure fault={fault} />}
    </form>
  );
}

/** What a model is told whatever the market; the hash stands in every plan. */
function Prompts() {
  const told = api.useQuery("get", "/api/strategist/prompts", {}, { staleTime: Infinity });
  if (told.error) return <Failure fault={told.error} />;
  if (told.data === undefined) return <p className="quiet">Reading the prompts.</p>;
  return (
    <>
      <p className="lead">
        Version {told.data.version}, sha256 <code>{told.data.sha256.slice(0, 12)}</code>.
      </p>
      {told.data.texts.map(({ name, text }) => (
        <details key={name}>
          <summary>{name}</summary>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className="prompt-text" tabIndex={0} role="region" aria-label={name}>
            {text}
          </pre>
        </details>
      ))}
    </>
  );
}
