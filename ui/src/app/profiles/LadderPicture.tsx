import { useElementSize } from "@mantine/hooks";
import type { Shape } from "../../api/client";
import { exact, percent } from "../../model/format";
import { type Picture, pictureOf } from "./model";

const HEIGHT = 400;
const FRAME = { left: 84, right: 14, top: 16, bottom: 26 };
const APART = 15;
const NARROW = 460;

type Label = { key: string; price: number; y: number; text: string; kind: string };

/** The ladder of one entry: price upward; rungs as wide as their share; then the trail as the best price goes on. */
export function LadderPicture({ preview }: { preview: Shape["Preview"] }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const picture = pictureOf(preview);
  return (
    <div ref={ref} className="chart-box ladder-picture">
      {width > 0 && <Drawing picture={picture} width={width} />}
      <ul className="legend" aria-label="Lines">
        <li>
          <i className="line-mark hard" /> hard target, at market
        </li>
        <li>
          <i className="line-mark soft" /> soft target, a resting limit
        </li>
        {picture.activation && (
          <li>
            <i className="line-mark trail" /> trailing stop under the best price
          </li>
        )}
      </ul>
    </div>
  );
}

function Drawing({ picture, width }: { picture: Picture; width: number }) {
  const { low, high, rungs, activation, trail } = picture;
  const right = width - FRAME.right;
  const y = (price: number): number =>
    HEIGHT - FRAME.bottom - ((price - low) / (high - low)) * (HEIGHT - FRAME.top - FRAME.bottom);
  const middle = activation && trail.length > 0 ? FRAME.left + (right - FRAME.left) * (width < NARROW ? 0.58 : 0.52) : right;
  const longest = Math.max(...rungs.map(({ share }) => share ?? 0), 0.01);
  const labels = labelsOf(picture, y);
  return (
    <svg width={width} height={HEIGHT} role="img" aria-label={told(picture)}>
      <line className="entry" x1={FRAME.left} x2={right} y1={y(picture.entry)} y2={y(picture.entry)} />
      <line className="stop" x1={FRAME.left} x2={middle} y1={y(picture.stop)} y2={y(picture.stop)} />
      {rungs.map((rung) => (
        <g key={rung.name} className={rung.soft ? "rung soft" : "rung hard"}>
          <line x1={FRAME.left} x2={middle} y1={y(rung.price)} y2={y(rung.price)} />
          <rect
            x={FRAME.left}
            y={y(rung.price) - 4}
            height={8}
            width={Math.max(3, ((rung.share ?? 0) / longest) * (middle - FRAME.left) * 0.38)}
          />
        </g>
      ))}
      {activation && <Trail picture={picture} y={y} from={middle} to={right} />}
      {labels.map((label) => (
        <g key={label.key}>
          <text x={FRAME.left - 8} y={label.y + 4} textAnchor="end" className="price">
            {exact(Number(label.price.toPrecision(9)))}
          </text>
          <text x={middle - 4} y={label.y - 6} textAnchor="end" className={`level ${label.kind}`}>
            {label.text}
          </text>
        </g>
      ))}
    </svg>
  );
}

type TrailProps = { picture: Picture; y: (price: number) => number; from: number; to: number };

function Trail({ picture, y, from, to }: TrailProps) {
  const { activation, trail } = picture;
  if (activation === null) return null;
  if (trail.length === 0)
    return <line className="activation" x1={from - (to - from || 120)} x2={to} y1={y(activation.price)} y2={y(activation.price)} />;
  const x = (index: number): number => from + ((to - from) * index) / (trail.length - 1);
  const line = (of: "best" | "stop"): string =>
    trail.map((point, index) => `${index === 0 ? "M" : "L"}${x(index).toFixed(1)},${y(point[of]).toFixed(1)}`).join("");
  const first = trail[0];
  return (
    <g>
      <line className="activation" x1={FRAME.left} x2={from} y1={y(activation.price)} y2={y(activation.price)} />
      <path className="best" d={line("best")} />
      {first && <line className="trail" x1={from} x2={from} y1={y(picture.stop)} y2={y(first.stop)} />}
      <path className="trail" d={line("stop")} />
      <text x={(from + to) / 2} y={HEIGHT - 8} textAnchor="middle">
        best price goes on
      </text>
    </g>
  );
}

/** Labels that would touch are moved apart, each still beside its line. */
function labelsOf(picture: Picture, y: (price: number) => number): Label[] {
  const all: Omit<Label, "y">[] = [
    { key: "entry", price: picture.entry, text: "entry", kind: "entry" },
    { key: "stop", price: picture.stop, text: "stop −1R", kind: "stop" },
    ...picture.rungs.map((rung) => ({
      key: rung.name,
      price: rung.price,
      text: `${rung.name} ${exact(rung.r)}R${rung.share === null ? "" : `, ${percent(rung.share, 0)}`}`,
      kind: "rung",
    })),
  ];
  if (picture.activation)
    all.push({
      key: "trail",
      price: picture.activation.price,
      text: `trail from ${exact(picture.activation.r)}R${picture.activation.share === null ? "" : `, ${percent(picture.activation.share, 0)}`}`,
      kind: "trailing",
    });
  let last = Number.NEGATIVE_INFINITY;
  return all
    .map((label) => ({ ...label, y: y(label.price) }))
    .toSorted((a, b) => a.y - b.y)
    .map((label) => {
      last = Math.max(label.y, last + APART);
      return { ...label, y: last };
    });
}

function told({ long, entry, stop, rungs, activation }: Picture): string {
  const targets = rungs.map((rung) => `${rung.name} at ${exact(rung.price)}`).join(", ");
  const trail = activation ? `, trail from ${exact(activation.price)}` : "";
  return `Ladder of a ${long ? "long" : "short"} entry at ${exact(entry)}: stop ${exact(stop)}, ${targets}${trail}`;
}
