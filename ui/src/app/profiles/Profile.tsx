import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { Link, useParams } from "react-router";
import { api, client, type Shape } from "../../api/client";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { keyWords, template } from "./model";
import "./profiles.css";

const Editing = lazy(async () => ({ default: (await import("./Editing")).Editing }));
const Versions = lazy(async () => ({ default: (await import("./Versions")).Versions }));
const Performance = lazy(async () => ({ default: (await import("./Performance")).Performance }));

const TABS = [
  { tab: "", name: "Edit" },
  { tab: "versions", name: "Versions" },
  { tab: "performance", name: "Performance" },
];

/** One profile: its text with the ladder that it draws, its versions, how it did. */
export function Profile() {
  const { name = "" } = useParams();
  const { one, set } = useAddress();
  const asNew = one("new") === "1";
  const all = api.useQuery("get", "/api/profiles", {}, { enabled: asNew });
  const missing = asNew && all.data !== undefined && !all.data.items.some((profile) => profile.name === name);
  const detail = api.useQuery(
    "get",
    "/api/profiles/{name}",
    { params: { path: { name } } },
    { enabled: !asNew || (all.data !== undefined && !missing) },
  );
  const isKept = asNew && detail.data !== undefined;
  useEffect(() => {
    if (isKept) set({ new: "" }, true);
  }, [isKept, set]);
  if (missing && detail.data === undefined) return <Known key={name} name={name} detail={null} />;
  if (detail.error) return <Failure fault={detail.error} />;
  if (detail.data === undefined) return <p className="quiet">Reading the profile.</p>;
  return <Known key={name} name={name} detail={detail.data} />;
}

function Known({ name, detail }: { name: string; detail: Shape["ProfileDetail"] | null }) {
  const { one, query } = useAddress();
  const queries = useQueryClient();
  const saved = detail?.text ?? "";
  const [draft, setDraft] = useState<string | null>(null);
  // A draft that has become what is saved is none. Cleared here, and not by who saves, what was typed while a save was
  // under way stays, and the text before it never comes back for a moment.
  if (detail !== null && draft === saved) setDraft(null);
  const tab = one("tab");
  const text = draft ?? (detail === null ? template(name) : saved);
  const save = async (content: string, note: string): Promise<Shape["ProfileDetail"] | undefined> => {
    const { data } = await client.PUT("/api/profiles/{name}", {
      params: { path: { name } },
      body: { text: content, note: note || null },
    });
    // An answer that is still under way may be from before the save, and may not overwrite it.
    await queries.cancelQueries();
    const own = api.queryOptions("get", "/api/profiles/{name}", { params: { path: { name } } });
    if (data) queries.setQueryData(own.queryKey, data);
    void queries.invalidateQueries();
    return data;
  };
  const restore = async (content: string, note: string): Promise<void> => {
    await save(content, note);
    setDraft(null);
  };
  const link = (to: string): string => {
    const next = new URLSearchParams(query);
    if (to) next.set("tab", to);
    else next.delete("tab");
    return `?${next}`;
  };
  return (
    <>
      <header className="screen-head">
        <h1>{name}</h1>
        <Link to="/profiles">All profiles</Link>
        <span className="quiet">
          {detail === null
            ? "not saved yet"
            : `${detail.version === null ? "built in" : `version ${detail.version}`}; for ${detail.keys.map(keyWords).join("; ")}`}
        </span>
      </header>
      <nav className="tabs" aria-label="About the profile">
        {TABS.map((own) => (
          <Link key={own.tab} to={link(own.tab)} replace aria-current={own.tab === tab ? "page" : undefined}>
            {own.name}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<p className="quiet">Reading the screen.</p>}>
        {tab === "" && <Editing name={name} text={text} saved={saved} change={setDraft} save={save} />}
        {tab === "versions" && <Versions name={name} current={saved} restore={restore} />}
        {tab === "performance" && <Performance name={name} detail={detail} />}
      </Suspense>
    </>
  );
}
