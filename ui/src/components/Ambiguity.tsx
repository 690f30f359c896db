import { exact, inR, money, percent, words } from "../model/format";
import type { Run } from "../model/payload";

const TOO_MUCH = 0.05;
const NO_BOUND = "With a trailing stop this interval is not a bound: prices oscillate inside a bar.";
const ADVICE = "More than 5% of the sets are undecided: give a finer detail file (--detail) to settle them.";

/** How far the result hangs on what happened inside the bars, in words. */
export function Ambiguity({ run }: { run: Run }) {
  const { ambiguity } = run;
  if (ambiguity === null)
    return (
      <p className="callout">
        Only the <strong>{words(run.path)}</strong> path was run, so it is not known how much of the result hangs on the
        order of prices inside a bar. A run with <code>--paths both</code> measures it.
      </p>
    );
  const share = ambiguity.share ?? 0;
  const [low = null, high = null] = ambiguity.net_pnl;
  const [lowR = null, highR = null] = ambiguity.net_r;
  return (
    <div className={share > TOO_MUCH ? "callout warn" : "callout"}>
      <p>
        <strong>Ambiguity {percent(ambiguity.share)}.</strong> {exact(ambiguity.differing)} of {exact(ambiguity.sets)}{" "}
        TradeSets end differently when prices inside a bar take the favorable path instead of the adverse one. Net
        P&amp;L lies between <strong>{money(low, true)}</strong> and <strong>{money(high, true)}</strong>
        {lowR !== null && highR !== null && (
          <>
            , total R between {inR(Number(lowR))} and {inR(Number(highR))}
          </>
        )}
        .
      </p>
      <p>
        {ambiguity.note ?? NO_BOUND} {share > TOO_MUCH && (ambiguity.advice ?? ADVICE)}
      </p>
    </div>
  );
}
