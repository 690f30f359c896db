import { Link } from "react-router";

export function Nowhere() {
  return (
    <section className="section">
      <h1>There is no such screen</h1>
      <p>
        <Link to="/runs">Backtests</Link> is where one begins.
      </p>
    </section>
  );
}
