import { useElementSize } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { brief } from "../model/format";
import { classOf, type Cell, type HeatMapData } from "../model/sweep";

const ROW = 30;
const FRAME = { left: 96, right: 8, top: 6, bottom: 44 };
const CLASSES = ["worst fifth", "", "middle", "", "best fifth"];
const WIDE = 46;

type Props = { map: HeatMapData; objective: string; direction: string };

/** Two keys against each other; a cell is the mean over all configurations that share its two values. */
export function HeatMap({ map, objective, direction }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [near, setNear] = useState<Cell | null>(null);
  const means = useMemo(() => map.cells.map((cell) => cell.mean), [map]);
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const height = FRAME.top + FRAME.bottom + ROW * map.down.length;
  const step = Math.max(1, width - FRAME.left - FRAME.right) / Math.max(1, map.across.length);
  const every = Math.max(1, Math.ceil(WIDE / step));
  const said = (cell: Cell): string =>
    `${map.x} ${map.across[cell.column]}, ${map.y} ${map.down[cell.row]}: mean ${brief(cell.mean)}, best ${brief(cell.best)} of ${cell.count}`;
  return (
    <figure className="chart-box heat" ref={ref}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={`Heat map of ${objective}: ${map.y} by ${map.x}`}>
          {map.cells.map((cell) => (
            <rect
              key={`${cell.row}-${cell.column}`}
              x={FRAME.left + cell.column * step + 0.5}
              y={FRAME.top + cell.row * ROW + 0.5}
              width={Math.max(1, step - 1)}
              height={ROW - 1}
              className={`r-class-${classOf(cell.mean, least, most, direction)}`}
              onPointerEnter={() => setNear(cell)}
              onPointerLeave={() => setNear(null)}
            >
              <title>{said(cell)}</title>
            </rect>
          ))}
          {map.down.map((name, row) => (
            <text key={name} x={FRAME.left - 6} y={FRAME.top + row * ROW + ROW / 2 + 4} textAnchor="end">
              {name}
            </text>
          ))}
          {map.across.map((name, column) =>
            column % every === 0 ? (
              <text
                key={name}
                x={FRAME.left + (column + 0.5) * step}
                y={height - FRAME.bottom + 16}
                textAnchor="middle"
              >
                {name}
              </text>
            ) : null,
          )}
          <text x={FRAME.left} y={height - 8}>
            {map.x}
          </text>
        </svg>
      )}
      <figcaption>
        <strong>{map.y}</strong> by <strong>{map.x}</strong>
        <ul className="legend" aria-label={`Mean ${objective}`}>
          {CLASSES.map((name, index) => (
            <li key={index}>
              <i className={`swatch r-class-${index}`} />
              {name}
            </li>
          ))}
          <li>
            from {brief(least)} to {brief(most)}
          </li>
        </ul>
        <p className="quiet" aria-live="off">
          {near ? said(near) : "\u00a0"}
        </p>
      </figcaption>
    </figure>
  );
}
