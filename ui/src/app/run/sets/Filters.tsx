import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import type { Shape } from "../../../api/client";
import { exact, words } from "../../../model/format";
import { isFiltered, NO_FILTERS, PICKS, type Pick } from "../../../model/setQuery";
import type { Change } from "./Sets";

const PAUSE = 250;
const ALL: Record<Pick, string> = {
  reason: "All reasons",
  category: "All categories",
  side: "Both sides",
  symbol: "All symbols",
  profile: "All profiles",
  regime: "All regimes",
};
const NAMES: Record<Pick, string> = {
  reason: "Reason",
  category: "Category",
  side: "Side",
  symbol: "Symbol",
  profile: "Profile",
  regime: "Regime",
};
const SORTS = ["opened", "symbol", "pnl", "r", "fees", "duration", "legs", "exposure"];
const READABLE = new Set<Pick>(["reason", "category", "regime"]);

type Props = {
  address: URLSearchParams;
  facets: Shape["TradeSetFacets"] | undefined;
  change: Change;
};

/** Each choice tells how many sets it would leave, the other filters as they are. */
export function Filters({ address, facets, change }: Props) {
  return (
    <div className="filters served no-print" role="search" aria-label="Filter the TradeSets">
      <Typed name="q" label="Search" placeholder="Search id, reason, symbol" type="search" address={address} change={change} />
      {PICKS.map((pick) => (
        <Choice key={pick} pick={pick} address={address} counts={facets?.[pick] ?? []} change={change} />
      ))}
      <span className="range" role="group" aria-label="R between">
        <Typed name="min_r" label="R from" placeholder="R from" address={address} change={change} />
        <Typed name="max_r" label="R to" placeholder="R to" address={address} change={change} />
      </span>
      <span className="range" role="group" aria-label="Opened between, UTC days">
        <Typed name="from" label="Opened from" type="date" address={address} change={change} />
        <Typed name="to" label="Opened to" type="date" address={address} change={change} />
      </span>
      <NativeSelect
        size="xs"
        className="narrow-only"
        aria-label="Sort by"
        value={address.get("sort") ?? "opened"}
        data={SORTS.flatMap((key) => [
          { value: key, label: `By ${key}, rising` },
          { value: `-${key}`, label: `By ${key}, falling` },
        ])}
        onChange={(event) => change({ sort: event.currentTarget.value === "opened" ? "" : event.currentTarget.value })}
      />
      {isFiltered(address) && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => change(NO_FILTERS)}
        >
          Clear
        </Button>
      )}
    </div>
  );
}

type ChoiceProps = { pick: Pick; address: URLSearchParams; counts: Shape["FacetCount"][]; change: Change };

function Choice({ pick, address, counts, change }: ChoiceProps) {
  const chosen = address.getAll(pick);
  const known = counts.flatMap(({ value, count }) => (value === null ? [] : [{ value, count }]));
  const written = (value: string): string => (READABLE.has(pick) ? words(value).toLowerCase() : value);
  const several = chosen.length > 1 ? [{ value: SEVERAL, label: `${chosen.length} chosen` }] : [];
  // A value of the address that no set has any more stays to be seen, and to be taken back.
  const strange = chosen.length === 1 && !known.some(({ value }) => value === chosen[0]) ? chosen : [];
  return (
    <NativeSelect
      size="xs"
      aria-label={NAMES[pick]}
      value={chosen.length > 1 ? SEVERAL : (chosen[0] ?? "")}
      onChange={(event) => change({ [pick]: event.currentTarget.value })}
      data={[
        { value: "", label: ALL[pick] },
        ...several,
        ...strange.map((value) => ({ value, label: `${written(value)} (0)` })),
        ...known.map(({ value, count }) => ({ value, label: `${written(value)} (${exact(count)})` })),
      ]}
    />
  );
}

const SEVERAL = "\u0000several";

type TypedProps = {
  name: string;
  label: string;
  placeholder?: string;
  type?: "search" | "date" | "text";
  address: URLSearchParams;
  change: Change;
};

/** Waits until the writing pauses; follows the address where something else changes it. */
function Typed({ name, label, placeholder, type = "text", address, change }: TypedProps) {
  const field = useRef<HTMLInputElement>(null);
  const later = useDebouncedCallback((text: string) => change({ [name]: text }), PAUSE);
  const value = address.get(name) ?? "";
  useEffect(() => {
    const shown = field.current;
    if (shown && shown !== document.activeElement && shown.value !== value) shown.value = value;
  }, [value]);
  return (
    <TextInput
      ref={field}
      size="xs"
      type={type}
      inputMode={name.endsWith("_r") ? "decimal" : undefined}
      aria-label={label}
      title={label}
      placeholder={placeholder}
      defaultValue={value}
      onChange={(event) => later(event.currentTarget.value.trim())}
    />
  );
}
