import { autocompletion, type CompletionContext, type CompletionResult, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation, EditorState, type Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useLayoutEffect, useRef } from "react";
import { flushSync } from "react-dom";
import type { Shape } from "../../api/client";
import { styleNonce } from "../../api/nonce";
import { helpOf, optionsAt, type Schema, schemaAt, spotOf } from "./schemaHelp";

type Props = {
  text: string;
  change: (text: string) => void;
  schema: Schema | undefined;
  findings: readonly Shape["Finding"][];
  label: string;
};

/** A YAML editor: completion and help from the schema, the server's findings at their places. Tab leaves it. */
export function Editor({ text, change, schema, findings, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ change, schema });
  latest.current = { change, schema };

  useLayoutEffect(() => {
    if (place.current === null) return;
    const told = EditorView.updateListener.of((update) => {
      if (!update.docChanged || update.transactions.some((one) => one.annotation(FromOutside))) return;
      // At once, so that a click finds the page as the text stands, and not as it was before the last key.
      flushSync(() => latest.current.change(update.state.doc.toString()));
    });
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [BASICS, told, help(() => latest.current.schema), named(label)],
      }),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
    // A text from outside is put into the editor below, so that its history is kept.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [label]);

  // Before the browser can take another key: later, a text would be put over what was typed since.
  useLayoutEffect(() => {
    const doc = view.current?.state.doc;
    if (view.current && doc && doc.toString() !== text)
      view.current.dispatch({ changes: { from: 0, to: doc.length, insert: text }, annotations: FromOutside.of(true) });
  }, [text]);

  useLayoutEffect(() => {
    if (view.current) view.current.dispatch(setDiagnostics(view.current.state, diagnosticsOf(view.current, findings)));
  }, [findings]);

  return <div ref={place} className="editor" />;
}

const FromOutside = Annotation.define<boolean>();

const named = (label: string): Extension =>
  EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" });

/** Left to itself a browser keeps the look of replaced text in a style attribute, which the server's policy refuses. */
const REPLACING = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data, inputType, isComposing } = event;
    const simple = view.state.selection.main.empty && !data?.includes("\n");
    if (inputType !== "insertText" || data === null || isComposing || simple) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

export const COLORS = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
    { tag: [tags.string, tags.content], color: "var(--ink)" },
    { tag: [tags.number, tags.bool], color: "var(--profit)" },
    { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
    { tag: tags.meta, color: "var(--muted)" },
  ]),
);

/** The page's own colours, so that light and dark need no second theme. */
export const LOOK: Extension = [
  EditorView.cspNonce.of(styleNonce()),
  EditorView.theme({
    "&": { fontSize: "13px", backgroundColor: "var(--page)", color: "var(--ink)" },
    "&.cm-focused": { outline: "2px solid var(--accent)" },
    ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.5" },
    ".cm-gutters": { backgroundColor: "var(--shade)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
    ".cm-cursor": { borderLeftColor: "var(--ink)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
      backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent)",
    },
    ".cm-tooltip": {
      backgroundColor: "var(--card)",
      color: "var(--ink)",
      border: "1px solid var(--strong-line)",
      borderRadius: "6px",
    },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--card)" },
    ".cm-completionDetail": { color: "inherit", opacity: "0.85" },
    ".cm-completionInfo": { maxWidth: "340px", fontFamily: "inherit" },
    ".cm-diagnostic": { fontFamily: "var(--mantine-font-family)" },
  }),
];

const BASICS: Extension = [
  lineNumbers(),
  history(),
  lintGutter(),
  yaml(),
  COLORS,
  LOOK,
  EditorView.lineWrapping,
  REPLACING,
  keymap.of([...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]),
];

function help(schema: () => Schema | undefined): Extension {
  return [
    autocompletion({ override: [(context) => completions(context, schema())], icons: false }),
    hoverTooltip((view, at) => {
      const root = schema();
      const line = view.state.doc.lineAt(at);
      const word = view.state.wordAt(at);
      if (!root || !word) return null;
      const key = view.state.sliceDoc(word.from, word.to);
      const { path, inValue } = spotOf(linesOf(view.state), line.number - 1, word.from - line.from);
      const found = schemaAt(root, inValue ? path : [...path, key]);
      const text = found && helpOf(found, root);
      if (!text) return null;
      return { pos: word.from, end: word.to, above: true, create: () => ({ dom: tip(text) }) };
    }),
  ];
}

function tip(text: string): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "schema-tip";
  dom.textContent = text;
  return dom;
}

const linesOf = (state: EditorState): string[] => state.doc.toString().split("\n");

function completions(context: CompletionContext, root: Schema | undefined): CompletionResult | null {
  if (root === undefined) return null;
  const line = context.state.doc.lineAt(context.pos);
  const word = context.matchBefore(/[\w.-]*/);
  const from = word?.from ?? context.pos;
  if (!context.explicit && from === context.pos) return null;
  const spot = spotOf(linesOf(context.state), line.number - 1, from - line.from);
  const options = optionsAt(root, spot);
  if (options.length === 0) return null;
  return {
    from,
    validFor: /^[\w.-]*$/,
    options: options.map(({ label, kind, detail, info, apply }) => ({
      label,
      detail,
      apply,
      type: kind,
      ...(info ? { info } : {}),
    })),
  };
}

function diagnosticsOf(view: EditorView, findings: readonly Shape["Finding"][]): Diagnostic[] {
  const { doc } = view.state;
  return findings.map(({ severity, message, accepted, line, column }) => {
    const at = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines));
    const from = Math.min(at.from + Math.max((column ?? 1) - 1, 0), at.to);
    return {
      from,
      to: Math.max(at.to, from),
      severity: severity === "note" ? "info" : severity,
      message: accepted ? `${message}; accepted: ${accepted}` : message,
    };
  });
}
