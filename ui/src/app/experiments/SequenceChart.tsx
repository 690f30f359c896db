import { useElementSize } from "@mantine/hooks";
import { useState } from "react";
import { decimals, exact, inR } from "../../model/format";
import { bands, interval, type Point, reach, ticks } from "./model";

const HEIGHT = 340;
const FRAME = { left: 52, right: 14, top: 22, bottom: 40 };
const FEWEST_PIXELS = 70;

type Props = { points: readonly Point[]; stoppedAt: number | null; names: readonly [string, string]; level: string };

/** The paired difference after so many sets, its band, the line of no difference, and where it stopped. */
export function SequenceChart({ points, stoppedAt, names, level }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const range = reach(points);
  const most = Math.max(1, points.at(-1)?.num_sets ?? 1);
  const inner = Math.max(1, width - FRAME.left - FRAME.right);
  const x = (sets: number): number => FRAME.left + (sets / most) * inner;
  const y = (r: number): number =>
    FRAME.top + ((range[1] - Math.min(Math.max(r, range[0]), range[1])) / (range[1] - range[0])) * plotHeight;
  const shown = points[pointed ?? points.length - 1];
  const nearest = (clientX: number, left: number): void => {
    const sets = ((clientX - left - FRAME.left) / inner) * most;
    const found = points.findIndex(({ num_sets }) => num_sets >= sets);
    setPointed(found < 0 ? points.length - 1 : found);
  };
  if (points.length === 0) return <p className="empty">No set was closed by both arms.</p>;
  return (
    <figure>
      <figcaption className="readout">
        <span>
          After <b>{exact(shown?.num_sets ?? 0)}</b> sets, {shown?.day}
        </span>
        <span>
          {names[0]} − {names[1]} <b>{inR(shown?.mean ?? null)}</b>
        </span>
        <span>
          {level} interval <b>{shown ? interval(shown) : ""}</b>
        </span>
      </figcaption>
      <div ref={ref} className="chart-box sequence">
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-label={`Paired difference of ${names[0]} and ${names[1]} over ${exact(most)} sets`}
            onPointerMove={(event) => nearest(event.clientX, event.currentTarget.getBoundingClientRect().left)}
            onPointerLeave={() => setPointed(null)}
          >
            {ticks(range).map((r) => (
              <g key={r}>
                <line x1={FRAME.left} x2={width - FRAME.right} y1={y(r)} y2={y(r)} className="stroke-line" />
                <text x={FRAME.left - 7} y={y(r) + 4} textAnchor="end">
                  {decimals(r, Math.abs(range[1] - range[0]) < 0.4 ? 2 : 1, true)}
                </text>
              </g>
            ))}
            {ticks([0, most], Math.max(2, Math.floor(inner / FEWEST_PIXELS))).map((sets) => (
              <text key={sets} x={x(sets)} y={HEIGHT - FRAME.bottom + 17} textAnchor="middle">
                {exact(sets)}
              </text>
            ))}
            {bands(points).map((band) => (
              <path key={band[0]?.num_sets} d={outline(band, x, y)} className="band" />
            ))}
            <line x1={FRAME.left} x2={width - FRAME.right} y1={y(0)} y2={y(0)} className="stroke-ink zero" />
            <path d={line(points, x, y)} className="estimate" />
            {stoppedAt !== null && <Stop x={x(stoppedAt)} right={width - FRAME.right} sets={stoppedAt} />}
            {pointed !== null && shown?.mean != null && (
              <circle cx={x(shown.num_sets)} cy={y(shown.mean)} r={4} className="pointed" />
            )}
            <text x={FRAME.left} y={12}>
              R a set; above 0 {names[0]} is better
            </text>
            <text x={(FRAME.left + width - FRAME.right) / 2} y={HEIGHT - 4} textAnchor="middle">
              Sets, in order of opening
            </text>
          </svg>
        )}
      </div>
    </figure>
  );
}

const plotHeight = HEIGHT - FRAME.top - FRAME.bottom;

function Stop({ x, right, sets }: { x: number; right: number; sets: number }) {
  const before = x > right - 110;
  return (
    <g className="stop">
      <line x1={x} x2={x} y1={FRAME.top} y2={HEIGHT - FRAME.bottom} />
      <text x={before ? x - 5 : x + 5} y={HEIGHT - FRAME.bottom - 6} textAnchor={before ? "end" : "start"}>
        stopped at set {exact(sets)}
      </text>
    </g>
  );
}

type Scale = (value: number) => number;

function line(points: readonly Point[], x: Scale, y: Scale): string {
  const known = points.filter((point): point is Point & { mean: number } => point.mean !== null);
  return known.map(({ num_sets, mean }, index) => `${index ? "L" : "M"}${x(num_sets)} ${y(mean)}`).join("");
}

function outline(band: readonly Point[], x: Scale, y: Scale): string {
  const above = band.map(({ num_sets, high }) => `${x(num_sets)} ${y(high ?? 0)}`);
  const below = band.map(({ num_sets, low }) => `${x(num_sets)} ${y(low ?? 0)}`).toReversed();
  return `M${[...above, ...below].join("L")}Z`;
}
