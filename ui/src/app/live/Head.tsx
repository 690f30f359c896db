import { doing, figures, type Picture, seconds } from "./model";
import { Term } from "../../components/Term";
import { useMoment } from "../../components/zone";
import { type Live, useSince } from "./useLive";

type Props = { picture: Picture; line: Live["line"] };

export function Head({ picture, line }: Props) {
  const monitor = picture.state?.monitor ?? null;
  return (
    <>
      <header className="screen-head">
        <h1>Live</h1>
        {monitor !== null && (
          <>
            <span className={`mode ${monitor.mode}`}>{monitor.mode}</span>
            <span className="quiet">at {monitor.venue}</span>
            {doing(monitor.summary) !== "" && <span className="loss">{doing(monitor.summary)}</span>}
            <Heard picture={picture} />
          </>
        )}
        <span className="spacer" />
        {line === "broken" && (
          <span className="loss" role="alert">
            The line to the server is broken; it is tried again.
          </span>
        )}
      </header>
      {monitor !== null && !monitor.alive && monitor.ended_at === null && (
        <p className="callout warn" role="alert">
          The monitor is silent: what stands below is what it told last. Stops that rest at the venue stay there. Start it again,
          and it takes up where it was.
        </p>
      )}
      {monitor !== null && (
        <dl className="facts live-figures">
          {figures(monitor.summary, picture.positions).map(({ name, value, meaning, bad }) => (
            <div key={name}>
              <dt>
                <Term meaning={meaning}>{name}</Term>
              </dt>
              <dd className={bad ? "loss" : undefined}>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** How long ago the monitor was heard, counted on between its heartbeats. */
function Heard({ picture }: { picture: Picture }) {
  const at = useMoment();
  const since = useSince(picture.at);
  const monitor = picture.state?.monitor;
  if (!monitor) return null;
  if (monitor.ended_at !== null)
    return (
      <span className="loss">
        ended {at(monitor.ended_at)}
        {monitor.ended_because ? `: ${monitor.ended_because}` : ""}
      </span>
    );
  const age = monitor.heartbeat_age + since;
  return <span className={age >= 15 ? "loss" : "quiet"}>{age < 2 ? "heard just now" : `heard ${seconds(age)} ago`}</span>;
}
