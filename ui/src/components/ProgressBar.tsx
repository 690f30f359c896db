import { percent } from "../model/format";

/** How much is done, as a bar that is also told in words. */
export function ProgressBar({ share, name }: { share: number; name: string }) {
  return (
    <span className="progress">
      <progress max={1} value={share} aria-label={name} />
      <span>{percent(share, 0)}</span>
    </span>
  );
}
