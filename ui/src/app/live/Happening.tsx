import { useContext, useState } from "react";
import { api, download, type Shape } from "../../api/client";
import { ZoneContext } from "../../components/zone";
import { words } from "../../model/format";
import { useAddress } from "../address";
import { toggled } from "../events/model";
import { clock, type Happened, kindsOf, withEvents } from "./model";

type Props = { events: readonly Happened[]; kinds: readonly Shape["FacetCount"][] };

/** What happens, the newest first; held still while paused. */
export function Happening({ events, kinds }: Props) {
  const address = useAddress();
  const [held, setHeld] = useState<readonly Happened[] | null>(null);
  const chosen = address.all("kind");
  const wanted = (one: Happened): boolean => chosen.length === 0 || chosen.includes(one.kind);
  // What is chosen may have happened longer ago than what came along with everything else.
  const asked = { params: { query: { kind: chosen, limit: 200 } } };
  const older = api.useQuery("get", "/api/live/events", asked, { enabled: chosen.length > 0 });
  const found = (older.data as Shape["LiveEventList"] | undefined)?.items ?? [];
  const shown = withEvents((held ?? events).filter(wanted), chosen.length > 0 ? found : []);
  const newest = held?.[0]?.seq ?? 0;
  const missed = held === null ? 0 : events.filter((one) => one.seq > newest && wanted(one)).length;
  const files = new URLSearchParams(chosen.map((kind) => ["kind", kind]));
  return (
    <section className="section" aria-labelledby="happening-title">
      <header className="section-head">
        <h2 id="happening-title">As it happens</h2>
        <span className="deeds">
          {missed > 0 && <span className="quiet">{missed} more since</span>}
          <button type="button" className="plain-button" aria-pressed={held !== null} onClick={() => setHeld(held === null ? events : null)}>
            {held === null ? "Pause" : "Go on"}
          </button>
          <a href={download("/api/live/events", files, "csv")} download>
            CSV
          </a>
          <a href={download("/api/live/events", files, "json")} download>
            JSON
          </a>
        </span>
      </header>
      <div className="kind-chips" role="group" aria-label="Kinds of events">
        {kindsOf(kinds, events).map((kind) => (
          <button
            key={kind}
            type="button"
            className="chip"
            aria-pressed={chosen.includes(kind)}
            onClick={() => address.set({ kind: toggled(chosen, kind) }, true)}
          >
            {words(kind)}
          </button>
        ))}
      </div>
      {shown.length === 0 ? (
        <p className="empty">{events.length === 0 ? "Nothing has happened yet." : "Nothing of this kind."}</p>
      ) : (
        <Rows events={shown} />
      )}
    </section>
  );
}

function Rows({ events }: { events: readonly Happened[] }) {
  const zone = useContext(ZoneContext);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="happened" tabIndex={0} role="region" aria-label="Events of the monitor">
      <ol>
        {events.map((one) => (
          <li key={one.seq} className={`of-${one.kind}`}>
            <time dateTime={one.at}>{clock(one.at, zone)}</time>
            <span className="kind">{words(one.kind)}</span>
            <span className="said">
              {one.key !== null && <b>{one.key} </b>}
              {one.text}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
