import { yaml } from "@codemirror/lang-yaml";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import { api, type Shape } from "../../api/client";
import { Scroll } from "../../components/Scroll";
import { useMoment } from "../../components/zone";
import { DASH } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { COLORS, LOOK } from "./Editor";

type Props = {
  name: string;
  current: string;
  restore: (text: string, note: string) => Promise<void>;
};

/** Every version with its note; two of them laid against each other; one brought back as a new one. */
export function Versions({ name, current, restore }: Props) {
  const at = useMoment();
  const { one, set } = useAddress();
  const [fault, setFault] = useState<unknown>(null);
  const found = api.useQuery("get", "/api/profiles/{name}/versions", { params: { path: { name } } });
  if (found.error) return <Failure fault={found.error} />;
  if (found.data === undefined) return <p className="quiet">Reading the versions.</p>;
  const versions = found.data.items.toSorted((a, b) => b.version - a.version);
  if (versions.length === 0)
    return (
      <section className="section">
        <p className="empty">Built in: it has no versions until one is saved.</p>
      </section>
    );
  const numbers = versions.map(({ version }) => version);
  const newer = known(one("to"), numbers) ?? numbers[0] ?? 0;
  const older = known(one("from"), numbers) ?? numbers.find((number) => number < newer) ?? newer;
  const textOf = (number: number): string => versions.find(({ version }) => version === number)?.text ?? "";
  const bringBack = async (version: Shape["ProfileVersion"]): Promise<void> => {
    setFault(null);
    try {
      await restore(version.text, `restores version ${version.version}`);
      set({ to: "", from: "" }, true);
    } catch (error) {
      setFault(error);
    }
  };
  return (
    <>
      <section className="section" aria-labelledby="versions-title">
        <header className="section-head">
          <h2 id="versions-title">Versions</h2>
        </header>
        {fault !== null && <Failure fault={fault} />}
        <Scroll name="Table of versions">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Version</th>
                <th scope="col">Saved</th>
                <th scope="col">Note</th>
                <th scope="col">SHA-256</th>
                <th scope="col">
                  <span className="unseen">Bring back</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {versions.map((version) => (
                <tr key={version.version}>
                  <th scope="row">{version.version}</th>
                  <td>{at(version.created_at)}</td>
                  <td className="why">{version.note ?? DASH}</td>
                  <td>
                    <code>{version.sha256.slice(0, 12)}</code>
                  </td>
                  <td className="right">
                    <button
                      type="button"
                      className="plain-button"
                      disabled={version.text === current}
                      onClick={() => void bringBack(version)}
                    >
                      Restore version {version.version}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </section>
      <section className="section" aria-labelledby="diff-title">
        <header className="section-head">
          <h2 id="diff-title">What changed</h2>
        </header>
        <div className="controls">
          <Choice id="diff-from" name="From" value={older} numbers={numbers} choose={(from) => set({ from }, true)} />
          <Choice id="diff-to" name="To" value={newer} numbers={numbers} choose={(to) => set({ to }, true)} />
        </div>
        {textOf(older) === textOf(newer) ? (
          <p className="quiet">The two are the same.</p>
        ) : (
          <Diff before={textOf(older)} after={textOf(newer)} />
        )}
      </section>
    </>
  );
}

const known = (text: string, numbers: readonly number[]): number | undefined =>
  numbers.find((number) => String(number) === text);

type ChoiceProps = {
  id: string;
  name: string;
  value: number;
  numbers: readonly number[];
  choose: (value: string) => void;
};

function Choice({ id, name, value, numbers, choose }: ChoiceProps) {
  return (
    <div className="control">
      <label htmlFor={id}>{name}</label>
      <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {numbers.map((number) => (
          <option key={number} value={number}>
            version {number}
          </option>
        ))}
      </select>
    </div>
  );
}

function Diff({ before, after }: { before: string; after: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current === null) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: after,
        extensions: [
          lineNumbers(),
          yaml(),
          COLORS,
          LOOK,
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ "aria-label": "The newer text, with what was taken out" }),
          unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 4, minSize: 8 } }),
        ],
      }),
    });
    return () => made.destroy();
  }, [before, after]);
  return <div ref={place} className="diff" />;
}
