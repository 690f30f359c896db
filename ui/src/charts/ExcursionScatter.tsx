import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useMemo, useState } from "react";
import { decimals, exact, inR } from "../model/format";
import type { TradeSet } from "../model/payload";

/** What of a set is a dot. */
type Excursion = Pick<TradeSet, "set_id" | "symbol" | "side" | "mae_r" | "mfe_r" | "r_multiple">;

const HEIGHT = 300;
const FRAME = { left: 50, right: 12, top: 14, bottom: 40 };
const NEAR = 14;
const MANY = 800;

type Dot = { set: Excursion; mae: number; mfe: number; r: number };
type Props = { sets: readonly Excursion[]; firstTargets: readonly number[]; onPick: (setId: string) => void };

/** Five classes of result, dark to light to dark; dots of a class are one path, so that thousands stay quick. */
const CLASSES = [
  { name: "−1 R and worse", holds: (r: number) => r <= -0.95 },
  { name: "to 0", holds: (r: number) => r < 0 },
  { name: "to +1 R", holds: (r: number) => r < 1 },
  { name: "to +2 R", holds: (r: number) => r < 2 },
  { name: "+2 R and more", holds: () => true },
];

export function ExcursionScatter({ sets, firstTargets, onPick }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const dots = useMemo(() => sets.flatMap(dotOf), [sets]);
  const many = dots.length > MANY;
  const [near, setNear] = useState<Dot | null>(null);
  const reach = useMemo(
    () => ({
      x: reachOf(
        dots.map((d) => d.mae),
        1.2,
      ),
      y: reachOf(
        dots.map((d) => d.mfe),
        1.5,
      ),
    }),
    [dots],
  );
  const targets = firstTargets.filter((r) => r < reach.y);
  const x = (mae: number): number =>
    FRAME.left + (Math.min(mae, reach.x) / reach.x) * Math.max(1, width - FRAME.left - FRAME.right);
  const y = (mfe: number): number =>
    HEIGHT - FRAME.bottom - (Math.min(mfe, reach.y) / reach.y) * (HEIGHT - FRAME.top - FRAME.bottom);
  const point = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    setNear(nearest(dots, event.clientX - box.left, event.clientY - box.top, x, y));
  };
  if (dots.length === 0) return <p className="quiet">No excursions were recorded.</p>;
  return (
    <div ref={ref} className="chart-box">
      {width > 0 && (
        // The dots are a second way in: each set they open can also be reached in the table below.
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`Scatter of ${dots.length} sets: worst against best excursion while open, in R`}
          onPointerMove={point}
          onPointerLeave={() => setNear(null)}
          onClick={() => near && onPick(near.set.set_id)}
          style={{ cursor: near ? "pointer" : "default" }}
        >
          <Grid reach={reach} x={x} y={y} right={width - FRAME.right} />
          {CLASSES.map((c, index) => (
            <path
              key={c.name}
              className={many ? `dots many r-class-${index}` : `dots r-class-${index}`}
              d={dots
                .filter((dot) => classOf(dot.r) === index)
                .map((dot) => circle(x(dot.mae), y(dot.mfe), many ? 2 : 3.5))
                .join("")}
            />
          ))}
          <Guide x1={x(1)} x2={x(1)} y1={FRAME.top} y2={HEIGHT - FRAME.bottom} name="stop, 1 R" kind="loss" />
          {targets.map((r, index) => (
            <Guide
              key={r}
              x1={FRAME.left}
              x2={width - FRAME.right}
              y1={y(r)}
              y2={y(r)}
              name={index === targets.length - 1 ? `TP1 ${targets.map((t) => exact(t)).join(", ")} R` : ""}
              kind="profit"
            />
          ))}
          {near && <circle cx={x(near.mae)} cy={y(near.mfe)} r={7} className="near" />}
        </svg>
      )}
      <ul className="legend" aria-label="Result of the set">
        {CLASSES.map((c, index) => (
          <li key={c.name}>
            <i className={`swatch r-class-${index}`} />
            {c.name}
          </li>
        ))}
      </ul>
      <p className="quiet" aria-live="off">
        {near
          ? `${near.set.symbol} ${near.set.side}: worst ${decimals(near.mae)} R, best ${decimals(near.mfe)} R, ended at ${inR(near.r)}. Select to see the set.`
          : "Right of the stop line a set went further than its initial risk; below a TP1 line it never reached its first rung."}
      </p>
    </div>
  );
}

function dotOf(set: Excursion): Dot[] {
  if (set.mae_r === null || set.mfe_r === null || set.r_multiple === null) return [];
  return [{ set, mae: Math.abs(set.mae_r), mfe: Math.max(0, set.mfe_r), r: set.r_multiple }];
}

const classOf = (r: number): number => CLASSES.findIndex((c) => c.holds(r));
const circle = (x: number, y: number, r: number): string =>
  `M${(x - r).toFixed(1)},${y.toFixed(1)}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;

/** The axis ends where 99 of 100 dots are in; the rest sits on the edge. */
function reachOf(values: number[], least: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const most = sorted[Math.ceil((sorted.length - 1) * 0.99)] ?? least;
  return Math.ceil(Math.max(least, most * 1.08) * 5) / 5;
}

function nearest(dots: Dot[], px: number, py: number, x: (v: number) => number, y: (v: number) => number): Dot | null {
  let best: Dot | null = null;
  let least = NEAR;
  for (const dot of dots) {
    const distance = Math.hypot(x(dot.mae) - px, y(dot.mfe) - py);
    if (distance < least) [best, least] = [dot, distance];
  }
  return best;
}

type GuideProps = { x1: number; x2: number; y1: number; y2: number; name: string; kind: "loss" | "profit" };

function Guide({ x1, x2, y1, y2, name, kind }: GuideProps) {
  const upright = x1 === x2;
  return (
    <g className={`guide ${kind}`}>
      <line x1={x1} x2={x2} y1={y1} y2={y2} />
      <text x={x1 + 4} y={upright ? y1 + 8 : y1 - 4}>
        {name}
      </text>
    </g>
  );
}

type GridProps = { reach: { x: number; y: number }; x: (v: number) => number; y: (v: number) => number; right: number };

function Grid({ reach, x, y, right }: GridProps) {
  return (
    <>
      {steps(reach.y).map((r) => (
        <g key={r}>
          <line x1={FRAME.left} x2={right} y1={y(r)} y2={y(r)} className="stroke-line" />
          <text x={FRAME.left - 6} y={y(r) + 4} textAnchor="end">
            {exact(r)}
          </text>
        </g>
      ))}
      {steps(reach.x).map((r) => (
        <text key={r} x={x(r)} y={HEIGHT - FRAME.bottom + 16} textAnchor="middle">
          {exact(r)}
        </text>
      ))}
      <text x={(FRAME.left + right) / 2} y={HEIGHT - 6} textAnchor="middle">
        worst excursion (MAE), R
      </text>
      <text transform={`translate(12 ${HEIGHT / 2}) rotate(-90)`} textAnchor="middle">
        best excursion (MFE), R
      </text>
    </>
  );
}

function steps(reach: number): number[] {
  const apart = [0.25, 0.5, 1, 2, 5, 10].find((step) => reach / step <= 7) ?? 20;
  return Array.from({ length: Math.floor(reach / apart) + 1 }, (_, index) => index * apart);
}
