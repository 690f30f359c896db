import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useMemo, useState } from "react";
import { brief } from "../model/format";
import type { FrontData, Point } from "../model/sweep";

const HEIGHT = 340;
const FRAME = { left: 66, right: 14, top: 14, bottom: 44 };
const NEAR = 16;
const MARKS = 5;

/** Two objectives against each other: every configuration a dot, those that no other beats joined by a line. */
export function ParetoPlot({ front, winner }: { front: FrontData; winner: number | null }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [near, setNear] = useState<Point | null>(null);
  const [baseX, baseY] = [front.base[0] ?? null, front.base[1] ?? null];
  const across = useMemo(() => reach(front.points.map((point) => point.x).concat(baseX ?? [])), [front, baseX]);
  const up = useMemo(() => reach(front.points.map((point) => point.y).concat(baseY ?? [])), [front, baseY]);
  const x = (value: number): number =>
    FRAME.left + ((value - across[0]) / (across[1] - across[0])) * Math.max(1, width - FRAME.left - FRAME.right);
  const y = (value: number): number =>
    HEIGHT - FRAME.bottom - ((value - up[0]) / (up[1] - up[0])) * (HEIGHT - FRAME.top - FRAME.bottom);
  const best = useMemo(() => front.points.filter((point) => point.front).toSorted((a, b) => a.x - b.x), [front]);
  const chosen = front.points.find((point) => point.configuration === winner);
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    setNear(nearest(front.points, event.clientX - box.left, event.clientY - box.top, x, y));
  };
  if (front.points.length === 0) return <p className="quiet">No configuration has both figures.</p>;
  return (
    <div ref={ref} className="chart-box">
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Scatter of ${front.points.length} configurations: ${front.y} against ${front.x}, ${best.length} on the Pareto front`}
          onPointerMove={point}
          onPointerLeave={() => setNear(null)}
        >
          {marks(up).map((value) => (
            <g key={value}>
              <line x1={FRAME.left} x2={width - FRAME.right} y1={y(value)} y2={y(value)} className="stroke-line" />
              <text x={FRAME.left - 6} y={y(value) + 4} textAnchor="end">
                {brief(value)}
              </text>
            </g>
          ))}
          {marks(across).map((value) => (
            <text key={value} x={x(value)} y={HEIGHT - FRAME.bottom + 16} textAnchor="middle">
              {brief(value)}
            </text>
          ))}
          <path className="dots r-class-2" d={front.points.map((one) => circle(x(one.x), y(one.y), 2.5)).join("")} />
          <polyline className="front" points={best.map((one) => `${x(one.x)},${y(one.y)}`).join(" ")} />
          <path className="dots r-class-4" d={best.map((one) => circle(x(one.x), y(one.y), 4)).join("")} />
          {baseX !== null && baseY !== null && (
            <g className="base">
              <path d={`M${x(baseX) - 6},${y(baseY)}h12M${x(baseX)},${y(baseY) - 6}v12`} className="stroke-ink" />
              <text x={x(baseX) + 8} y={y(baseY) - 6}>
                base
              </text>
            </g>
          )}
          {(near ?? chosen) && (
            <circle cx={x((near ?? chosen)!.x)} cy={y((near ?? chosen)!.y)} r={7} className="near" />
          )}
          <text x={(FRAME.left + width - FRAME.right) / 2} y={HEIGHT - 6} textAnchor="middle">
            {front.x}
          </text>
          <text transform={`translate(12 ${HEIGHT / 2}) rotate(-90)`} textAnchor="middle">
            {front.y}
          </text>
        </svg>
      )}
      <p className="quiet" aria-live="off">
        {near
          ? `configuration ${near.configuration}: ${front.y} ${brief(near.y)}, ${front.x} ${brief(near.x)}${near.front ? "; no other beats it in all objectives" : ""}`
          : `On the line: no other configuration beats these in every objective. ${chosen ? "The ring is the winner, the cross the base." : "The cross is the base."}`}
      </p>
    </div>
  );
}

const circle = (x: number, y: number, r: number): string =>
  `M${(x - r).toFixed(1)},${y.toFixed(1)}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;

function reach(values: number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = (most - least) * 0.06 || Math.abs(most) * 0.1 || 1;
  return [least - margin, most + margin];
}

function marks([low, high]: [number, number]): number[] {
  const rough = (high - low) / MARKS;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5, 10].find((times) => unit * times >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step);
}

function nearest(
  points: Point[],
  px: number,
  py: number,
  x: (v: number) => number,
  y: (v: number) => number,
): Point | null {
  let found: Point | null = null;
  let least = NEAR;
  for (const one of points) {
    const distance = Math.hypot(x(one.x) - px, y(one.y) - py);
    if (distance < least) [found, least] = [one, distance];
  }
  return found;
}
