import { Button, NativeSelect, TextInput } from "@mantine/core";
import { EVERYTHING, isFiltered, SORT_KEYS, type Choices, type Selection, type SortKey } from "../../model/selection";
import { words } from "../../model/format";

type Props = { choices: Choices; selection: Selection; change: (part: Partial<Selection>) => void };
type Pick = { key: "symbol" | "side" | "reason" | "profile"; name: string; all: string; values: string[] };

const ORDER_WORDS: Record<SortKey, string> = {
  opened: "opening",
  symbol: "symbol",
  pnl: "net P&L",
  r: "R",
  fees: "fees",
  duration: "duration",
  legs: "legs",
  exposure: "exposure",
};
const OUTCOMES = [
  { value: "", label: "All outcomes" },
  { value: "won", label: "Won" },
  { value: "lost", label: "Lost" },
  { value: "open", label: "Still open" },
];

export function SetFilters({ choices, selection, change }: Props) {
  const picks: Pick[] = [
    { key: "reason", name: "Reason", all: "All reasons", values: choices.reasons },
    { key: "side", name: "Side", all: "Both sides", values: choices.sides },
    { key: "symbol", name: "Symbol", all: "All symbols", values: choices.symbols },
    { key: "profile", name: "Profile", all: "All profiles", values: choices.profiles },
  ];
  return (
    <div className="filters no-print" role="search" aria-label="Filter the TradeSets">
      <TextInput
        size="xs"
        type="search"
        aria-label="Search"
        placeholder="Search symbol, reason, id, date"
        value={selection.search}
        onChange={(event) => change({ search: event.currentTarget.value })}
      />
      {picks.map((pick) => (
        <NativeSelect
          key={pick.key}
          size="xs"
          aria-label={pick.name}
          value={selection[pick.key]}
          onChange={(event) => change({ [pick.key]: event.currentTarget.value })}
          data={[
            { value: "", label: pick.all },
            ...pick.values.map((value) => ({ value, label: pick.key === "reason" ? words(value) : value })),
          ]}
        />
      ))}
      <NativeSelect
        size="xs"
        aria-label="Outcome"
        value={selection.outcome}
        data={OUTCOMES}
        onChange={(event) => change({ outcome: event.currentTarget.value as Selection["outcome"] })}
      />
      <NativeSelect
        size="xs"
        className="narrow-only"
        aria-label="Sort by"
        value={`${selection.sort}${selection.descending ? ".down" : ""}`}
        data={SORT_KEYS.flatMap((key) => [
          { value: key, label: `By ${ORDER_WORDS[key]}, rising` },
          { value: `${key}.down`, label: `By ${ORDER_WORDS[key]}, falling` },
        ])}
        onChange={(event) => {
          const [key = "opened", direction] = event.currentTarget.value.split(".");
          change({ sort: key as Selection["sort"], descending: direction === "down" });
        }}
      />
      {isFiltered(selection) && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => change({ ...EVERYTHING, sort: selection.sort, descending: selection.descending })}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
