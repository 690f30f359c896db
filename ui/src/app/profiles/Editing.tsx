import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, client, type Shape } from "../../api/client";
import { Problem } from "../../api/problem";
import { type Head, Heads } from "../../components/Heads";
import { Scroll } from "../../components/Scroll";
import { Signed } from "../../components/Signed";
import { DASH, exact, inR, money, percent } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { Editor } from "./Editor";
import { LadderPicture } from "./LadderPicture";
import { REGIMES } from "./model";
import type { Schema } from "./schemaHelp";

const HEADS: Head[] = [
  { name: "Leg" },
  { name: "Order" },
  { name: "R", right: true },
  { name: "Price", right: true },
  { name: "From entry", right: true },
  { name: "Size", right: true },
  { name: "P&L", right: true },
  { name: "In all", right: true },
];

const PAUSE = 300;
const NO_FINDINGS: Shape["Finding"][] = [];

type Props = {
  name: string;
  text: string;
  saved: string;
  change: (text: string) => void;
  save: (text: string, note: string) => Promise<Shape["ProfileDetail"] | undefined>;
};

export function Editing({ name, text, saved, change, save }: Props) {
  const [note, setNote] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const [told, setTold] = useState("");
  const [saving, setSaving] = useState(false);
  const [settled] = useDebouncedValue(text, PAUSE);
  const schema = api.useQuery("get", "/api/schemas/{name}", { params: { path: { name: "profiles" } } }, { staleTime: Infinity });
  const checked = useQuery({
    queryKey: ["validate", "profiles", settled],
    queryFn: async () => (await client.POST("/api/validate", { body: { kind: "profiles", text: settled } })).data,
    placeholderData: keepPreviousData,
  });
  const findings = checked.data?.problems ?? NO_FINDINGS;
  const valid = (checked.data?.valid ?? false) && !checked.isPlaceholderData;
  const keep = async (): Promise<void> => {
    setFault(null);
    setSaving(true);
    try {
      const kept = await save(text, note);
      setNote((now) => (now === note ? "" : now));
      setTold(kept?.version ? `Saved as version ${kept.version}.` : "Saved.");
    } catch (error) {
      setFault(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <div className="editing">
      <section className="section" aria-labelledby="text-title">
        <header className="section-head">
          <h2 id="text-title">Text</h2>
          <span className="quiet" role="status">
            {text === saved ? told || "as saved" : findings.length > 0 ? `${findings.length} findings` : "changed"}
          </span>
        </header>
        <Editor
          text={text}
          change={(next) => {
            setTold("");
            change(next);
          }}
          schema={schema.data as Schema | undefined}
          findings={findings}
          label={`Profile ${name} as YAML`}
        />
        {findings.length > 0 && (
          <ul className="findings" aria-label="Findings">
            {findings.map((one) => (
              <li key={`${one.line}-${one.column}-${one.message}`} className={one.severity}>
                {one.line !== null && `Line ${one.line}${one.column ? `, column ${one.column}` : ""}: `}
                {one.message}
                {one.accepted && <small> Accepted: {one.accepted}.</small>}
              </li>
            ))}
          </ul>
        )}
        {fault !== null && <Failure fault={fault} />}
        <form
          className="controls saving"
          onSubmit={(event) => {
            event.preventDefault();
            void keep();
          }}
        >
          <div className="control note">
            <label htmlFor="version-note">Note to this version</label>
            <input
              id="version-note"
              maxLength={500}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
          </div>
          <button
            type="submit"
            className="plain-button main"
            disabled={saving || text === saved || settled !== text || !valid}
          >
            Save as a new version
          </button>
          <button type="button" className="plain-button" disabled={text === saved || saved === ""} onClick={() => change(saved)}>
            Take back
          </button>
        </form>
        <p className="quiet">Ctrl-Space completes; point at a key for its meaning.</p>
      </section>
      <LadderPreview name={name} text={settled} valid={valid} />
    </div>
  );
}

const ENTRY = "100";
const STOP = "2%";

/** The ladder of the text as it stands, for an entry that is asked here; the last one while the text is at fault. */
function LadderPreview({ name, text, valid }: { name: string; text: string; valid: boolean }) {
  const { one, set, query } = useAddress();
  const asked = useMemo(() => {
    const params = new URLSearchParams(query);
    const atr = Number(params.get("atr"));
    const body: Shape["PreviewRequest"] = {
      text,
      name,
      entry: params.get("entry") || ENTRY,
      side: params.get("side") === "short" ? "short" : "long",
      stop: params.get("stop") || STOP,
      quantity: params.get("quantity") || "1",
    };
    if (atr > 0) body.atr = atr;
    if (params.get("regime")) body.regime = params.get("regime");
    return body;
  }, [query, text, name]);
  const [settled] = useDebouncedValue(asked, PAUSE);
  const preview = useQuery({
    queryKey: ["preview", settled],
    queryFn: async () => (await client.POST("/api/profiles/preview", { body: settled })).data ?? null,
    placeholderData: keepPreviousData,
    enabled: valid && settled.text === text,
  });
  const fields = [
    { key: "entry", name: "Entry", usual: ENTRY },
    { key: "stop", name: "Stop", usual: STOP },
    { key: "quantity", name: "Quantity", usual: "1" },
    { key: "atr", name: "ATR", usual: "" },
  ];
  return (
    <section className="section" aria-labelledby="ladder-title">
      <header className="section-head">
        <h2 id="ladder-title">Ladder</h2>
      </header>
      <div className="controls tight">
        {fields.map((field) => (
          <div className="control" key={field.key}>
            <label htmlFor={`preview-${field.key}`}>{field.name}</label>
            <input
              id={`preview-${field.key}`}
              value={one(field.key)}
              placeholder={field.usual}
              inputMode="decimal"
              onChange={(event) => set({ [field.key]: event.currentTarget.value.trim() }, true)}
            />
          </div>
        ))}
        <div className="control">
          <label htmlFor="preview-side">Side</label>
          <select
            id="preview-side"
            value={one("side") || "long"}
            onChange={(event) => set({ side: event.currentTarget.value === "short" ? "short" : "" }, true)}
          >
            <option>long</option>
            <option>short</option>
          </select>
        </div>
        <div className="control">
          <label htmlFor="preview-regime">Regime</label>
          <select
            id="preview-regime"
            value={one("regime")}
            onChange={(event) => set({ regime: event.currentTarget.value }, true)}
          >
            <option value="">usual</option>
            {REGIMES.map((regime) => (
              <option key={regime}>{regime}</option>
            ))}
          </select>
        </div>
      </div>
      {preview.error && <Refused fault={preview.error} />}
      {!preview.error && preview.data && (
        <div className={preview.isPlaceholderData ? "stale" : ""} aria-busy={preview.isPlaceholderData}>
          <LadderPicture preview={preview.data} />
          <ul className="sentences">
            {preview.data.sentences.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          <Legs preview={preview.data} />
        </div>
      )}
    </section>
  );
}

/** What the text's own findings say already is said beside the text. */
function Refused({ fault }: { fault: unknown }) {
  const words = fault instanceof Problem ? fault.message : String(fault);
  return (
    <p className="callout warn" role="status">
      No ladder for this text and entry: {words}
    </p>
  );
}

function Legs({ preview }: { preview: Shape["Preview"] }) {
  return (
    <Scroll name="Legs of the ladder">
      <table className="plain">
        <Heads of={HEADS} />
        <tbody>
          {preview.rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td>{row.order.toLowerCase()}</td>
              <td className="right">{inR(row.r_multiple)}</td>
              <td className="right">{exact(row.price)}</td>
              <td className="right">{percent(row.from_entry, 2, true)}</td>
              <td className="right">{row.size === null ? "what remains" : percent(row.size)}</td>
              <td className="right">
                <Signed of={row.pnl}>{row.pnl === null ? DASH : money(row.pnl, true)}</Signed>
              </td>
              <td className="right">
                <Signed of={row.total}>{row.total === null ? DASH : money(row.total, true)}</Signed>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
