import { useElementSize } from "@mantine/hooks";
import { decimals, exact, inR } from "../model/format";
import type { RHistogram } from "../model/payload";

const HEIGHT = 338;
const SEEN = 2;
const FRAME = { left: 36, right: 8, top: 18, bottom: 38 };

/** How the results are spread, in R: losses and gains in two colours, with zero, mean and median marked. */
export function Histogram({ histogram }: { histogram: RHistogram }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const { low, width: step, counts } = histogram;
  const high = low + step * counts.length;
  const most = Math.max(1, ...counts);
  const x = (r: number): number =>
    FRAME.left + ((r - low) / (high - low)) * Math.max(1, width - FRAME.left - FRAME.right);
  const y = (count: number): number => HEIGHT - FRAME.bottom - (count / most) * (HEIGHT - FRAME.top - FRAME.bottom);
  const bins = counts.map((count, index) => ({ count, from: low + index * step, to: low + (index + 1) * step }));
  const name = `Histogram of R multiples: mean ${inR(histogram.mean)}, median ${inR(histogram.median)}`;
  return (
    <div ref={ref} className="chart-box">
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={name}>
          <CountAxis most={most} y={y} right={width - FRAME.right} />
          {bins.map((bin) => (
            <rect
              key={bin.from}
              x={x(bin.from) + 0.5}
              width={Math.max(1, x(bin.to) - x(bin.from) - 1)}
              y={bin.count > 0 ? Math.min(y(bin.count), y(0) - SEEN) : y(0)}
              height={bin.count > 0 ? Math.max(y(0) - y(bin.count), SEEN) : 0}
              className={bin.to <= 1e-9 ? "fill-loss" : "fill-profit"}
            >
              <title>{`${decimals(bin.from)} R to ${decimals(bin.to)} R: ${bin.count}`}</title>
            </rect>
          ))}
          {ticks(low, high).map((r) => (
            <text key={r} x={x(r)} y={HEIGHT - FRAME.bottom + 16} textAnchor="middle">
              {beyond(histogram, r, low, high)}
              {exact(r, true)}
            </text>
          ))}
          <line x1={x(0)} x2={x(0)} y1={FRAME.top} y2={HEIGHT - FRAME.bottom} className="stroke-ink" />
          {histogram.mean !== null && (
            <g className="mean">
              <line x1={x(histogram.mean)} x2={x(histogram.mean)} y1={FRAME.top} y2={HEIGHT - FRAME.bottom} />
              <text
                x={x(histogram.mean) + 4}
                y={FRAME.top - 5}
                textAnchor={histogram.mean > (low + high) / 2 ? "end" : "start"}
              >
                mean {inR(histogram.mean)}
              </text>
            </g>
          )}
          <text x={(FRAME.left + width - FRAME.right) / 2} y={HEIGHT - 4} textAnchor="middle">
            R multiple of the set
          </text>
        </svg>
      )}
      <p className="quiet">
        Mean {inR(histogram.mean)}, median {inR(histogram.median)} over closed sets; 1 R is a set’s risk at its opening.
      </p>
    </div>
  );
}

function CountAxis({ most, y, right }: { most: number; y: (count: number) => number; right: number }) {
  const marks = [...new Set([Math.round(most / 2), most])].filter((mark) => mark > 0);
  return (
    <>
      {[0, ...marks].map((mark) => (
        <g key={mark}>
          <line x1={FRAME.left} x2={right} y1={y(mark)} y2={y(mark)} className="stroke-line" />
          <text x={FRAME.left - 6} y={y(mark) + 4} textAnchor="end">
            {exact(mark)}
          </text>
        </g>
      ))}
    </>
  );
}

function ticks(low: number, high: number): number[] {
  const apart = high - low > 10 ? 2 : 1;
  const first = Math.ceil(low / apart) * apart;
  return Array.from({ length: Math.floor((high - first) / apart) + 1 }, (_, index) => first + index * apart);
}

function beyond(histogram: RHistogram, r: number, low: number, high: number): string {
  if (r === low && histogram.below) return "≤ ";
  return r === high && histogram.above ? "≥ " : "";
}
