import { download } from "../../api/client";
import { Section } from "../../components/Section";
import { Failure } from "../Failure";
import { Asked } from "./Asked";
import { Happening } from "./Happening";
import { Head } from "./Head";
import { Fault, KillSwitch, Latch } from "./Operating";
import { Positions } from "./Positions";
import { useLive } from "./useLive";
import "./live.css";

const ALL = new URLSearchParams();

/** The live monitor: what is open and how it is protected, what happens, and what an operator may ask. */
export function Live() {
  const { picture, events, kinds, line, fault } = useLive();
  const { state } = picture;
  const monitor = state?.monitor ?? null;
  return (
    <>
      <Head picture={picture} line={line} />
      {fault !== null && <Failure fault={fault} />}
      {state !== null && monitor === null && <NoMonitor />}
      {monitor?.alive && typeof monitor.summary.fault === "string" && monitor.summary.fault !== "" && (
        <Fault fault={monitor.summary.fault} />
      )}
      {state !== null && (
        <div className="two switches-of">
          <Latch state={state.latch} alive={monitor?.alive ?? false} />
          <KillSwitch state={state.kill} alive={monitor?.alive ?? false} />
        </div>
      )}
      {monitor !== null && (
        <section className="section" aria-labelledby="positions-title">
          <header className="section-head">
            <h2 id="positions-title">Positions</h2>
            <span className="export-pair">
              <a href={download("/api/positions", ALL, "csv")} download>
                CSV
              </a>
              <a href={download("/api/positions", ALL, "json")} download>
                JSON
              </a>
            </span>
          </header>
          <Positions positions={picture.positions} monitor={monitor} />
        </section>
      )}
      {(monitor !== null || events.length > 0) && <Happening events={events} kinds={kinds} />}
      <Section id="asked" title="Asked of the monitor">
        <Asked />
      </Section>
    </>
  );
}

function NoMonitor() {
  return (
    <section className="section start-here" aria-label="How to start">
      <h2>No monitor has run here yet</h2>
      <p>
        A monitor looks after open positions: it places their stops and takes, trails, and closes by your plan. This starts one
        on a simulated venue, with nothing to set up:
      </p>
      <pre className="command">
        <code>exitbrain live --mode paper</code>
      </pre>
    </section>
  );
}
