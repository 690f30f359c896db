import { sign } from "../model/format";
import type { Amount } from "../model/decode";

/** A bar from the middle: left a loss, right a gain; its length is the share of the largest. */
export function BalanceBar({ value, largest }: { value: Amount | null; largest: number }) {
  const share = value === null || largest === 0 ? 0 : Math.min(1, Math.abs(Number(value)) / largest);
  return (
    <span className={sign(value) < 0 ? "balance down" : "balance up"} aria-hidden="true">
      <i style={{ width: `${share * 50}%` }} />
    </span>
  );
}

export function ShareBar({ share }: { share: number | null }) {
  return (
    <span className="share" aria-hidden="true">
      <i style={{ width: `${Math.min(1, Math.max(0, share ?? 0)) * 100}%` }} />
    </span>
  );
}
