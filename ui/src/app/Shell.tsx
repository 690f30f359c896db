import { useState } from "react";
import { NavLink, Outlet, useRouteError } from "react-router";
import { Mark } from "../components/Mark";
import { Switches } from "../components/Switches";
import { ZoneContext } from "../components/zone";
import type { Zone } from "../model/format";
import { Failure } from "./Failure";

const PLACES = [
  { to: "/runs", name: "Backtests" },
  { to: "/compare", name: "Compare" },
  { to: "/profiles", name: "Profiles" },
  { to: "/experiments", name: "Experiments" },
  { to: "/strategist", name: "Strategist" },
  { to: "/live", name: "Live" },
  { to: "/events", name: "Events" },
];
const ZONE_KEY = "exitbrain-zone";

/** The frame around every screen: where one can go, in which zone times are written, light or dark. */
export function Shell() {
  const [zone, setZone] = useState<Zone>(() => (localStorage.getItem(ZONE_KEY) === "local" ? "local" : "utc"));
  const choose = (next: Zone): void => {
    localStorage.setItem(ZONE_KEY, next);
    setZone(next);
  };
  return (
    <ZoneContext value={zone}>
      <a href="#content" className="skip">
        Skip to the content
      </a>
      <header className="bar">
        <NavLink to="/runs" className="brand" aria-label="Exit Brain">
          <Mark /> <span>Exit Brain</span>
        </NavLink>
        <nav aria-label="Screens" className="places">
          {PLACES.map(({ to, name }) => (
            <NavLink key={to} to={to}>
              {name}
            </NavLink>
          ))}
        </nav>
        <Switches zone={zone} setZone={choose} />
      </header>
      <main id="content" className="page app" tabIndex={-1}>
        <Outlet />
      </main>
      <footer className="made-by">
        Charts by{" "}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          TradingView
        </a>
      </footer>
    </ZoneContext>
  );
}

/** A fault of a screen stays inside the frame, so that one can go elsewhere. */
export function Broken() {
  return <Failure fault={useRouteError()} />;
}
