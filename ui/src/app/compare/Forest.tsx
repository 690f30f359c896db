import { useElementSize } from "@mantine/hooks";
import { decimals, exact, inR } from "../../model/format";
import { type Pair, reachOf, ticksOf, wordsOf } from "./model";

const ROW = 46;
const FOOT = 40;
const SIDE = 12;

/** Each pair as a dot with its interval against 0, and what it comes to in words below. */
export function Forest({ pairs, names }: { pairs: readonly Pair[]; names: ReadonlyMap<string, string> }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const { low, high } = reachOf(pairs);
  const height = pairs.length * ROW + FOOT;
  const x = (r: number): number => SIDE + ((r - low) / (high - low)) * Math.max(1, width - 2 * SIDE);
  const name = (pair: Pair): string =>
    `${names.get(pair.first) ?? pair.first} − ${names.get(pair.second) ?? pair.second}`;
  if (pairs.length === 0) return <p className="quiet">No pair of runs is chosen.</p>;
  return (
    <>
      <div ref={ref} className="chart-box forest">
        {width > 0 && (
          <svg width={width} height={height} role="img" aria-label="Paired differences with intervals; told below">
            {ticksOf(low, high).map((r) => (
              <g key={r}>
                <line className={r === 0 ? "zero" : "grid"} x1={x(r)} x2={x(r)} y1={0} y2={height - FOOT} />
                <text x={x(r)} y={height - FOOT + 15} textAnchor="middle">
                  {exact(r, true)}
                </text>
              </g>
            ))}
            <text x={width / 2} y={height - 6} textAnchor="middle">
              difference, R per set
            </text>
            {pairs.map((pair, index) => (
              <Row key={name(pair)} pair={pair} name={name(pair)} top={index * ROW} x={x} />
            ))}
          </svg>
        )}
      </div>
      <ul className="verdicts">
        {pairs.map((pair) => (
          <li key={name(pair)}>
            <b>{name(pair)}</b>: {told(pair, names)}
          </li>
        ))}
      </ul>
    </>
  );
}

type RowProps = { pair: Pair; name: string; top: number; x: (r: number) => number };

function Row({ pair, name, top, x }: RowProps) {
  const middle = top + 33;
  return (
    <g className={pair.distinguishable ? "" : "unclear"}>
      <title>{interval(pair)}</title>
      <text className="name" x={SIDE} y={top + 16}>
        {name}
      </text>
      {pair.low !== null && pair.high !== null && (
        <>
          <line className="interval" x1={x(pair.low)} x2={x(pair.high)} y1={middle} y2={middle} />
          {[pair.low, pair.high].map((end, index) => (
            <line key={index === 0 ? "low" : "high"} x1={x(end)} x2={x(end)} y1={middle - 5} y2={middle + 5} className="interval" />
          ))}
        </>
      )}
      {pair.mean !== null && <circle cx={x(pair.mean)} cy={middle} r={5} />}
    </g>
  );
}

const interval = (pair: Pair): string =>
  `${inR(pair.mean)}, 95% interval ${decimals(pair.low, 2, true)} to ${decimals(pair.high, 2, true)}`;

function told(pair: Pair, names: ReadonlyMap<string, string>): string {
  const left = pair.left > 0 ? `, ${exact(pair.left)} without a partner` : "";
  return `${wordsOf(pair.verdict, names)} (${exact(pair.count)} pairs${left}).`;
}
