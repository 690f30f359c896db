"""Which exits made the money: by reason, by category, rung by rung (spec M2).

P&L is booked to the leg that made it, so the sum over reasons is the gross total, open sets included. A rung is a
take-profit leg of a plan, `take_profit_1` … `take_profit_n`; its rates are over closed sets only, since an open set
may still reach it.

Example: 10 closed sets planned two rungs; 6 took the first and 3 of those the second:
hit rates 6/10 and 3/10, conditional rates 6/10 and 3/6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from exitbrain.analysis.columns import Flags, Integers, LegColumns, SetColumns, codes_of
from exitbrain.analysis.sums import known, mean, plain, ratio, total

Number = float | int | None
Row = dict[str, float | int | str | None]

ADJUSTMENT = "adjustment"
TRAILING_STOP = "trailing_stop"
BREAKEVEN_STOP = "breakeven_stop"
RUNG = re.compile(r"take_profit_([1-9]\d?)")
MOST_RUNGS = 62  # `planned_rungs` is a signed 64-bit mask


def by_reason(legs: LegColumns) -> list[Row]:
    """A row an exit reason, by name (numbers by size): reason, count, pnl (gross), mean_r, share (of exit legs).

    mean_r is the mean over its legs of realized ÷ the set's initial risk; None where no risk is known.
    """
    return _exits_by("reason", legs)


def with_reversals_gathered(rows: Sequence[Mapping[str, Any]], tags: Set[str]) -> list[dict[str, Any]]:
    """Rows of name, count, pnl, mean_r (and share), where those named by a tag of a reversing entry (spec F13) are one.

    The most frequent first. One tag alone stays as it is. Example: e1 and e2 of a leg each become
    `reversed by an entry (2 tags)` of 2.
    """
    reversed_by = [row for row in rows if row["name"] in tags]
    shown = [dict(row) for row in rows]
    if len(reversed_by) > 1:
        known = [row for row in reversed_by if row["mean_r"] is not None]
        counted = sum(row["count"] for row in known)
        one = {"name": f"reversed by an entry ({len(reversed_by):,} tags)"}
        one |= {key: sum(row[key] for row in reversed_by) for key in ("count", "pnl", "share") if key in rows[0]}
        one["mean_r"] = sum(row["mean_r"] * row["count"] for row in known) / counted if counted else None
        shown = [row for row in shown if row["name"] not in tags] + [one]
    return sorted(shown, key=lambda row: (-(row["count"] or 0), row["name"]))


def reversing_tags(legs: Iterable[tuple[str | None, str | None, bool]]) -> set[str]:
    """Reasons of closing legs that are an entry's tag: (reason, trigger_id, is_entry) a leg.

    A trigger that exits has `_exit` behind its id and a plan's leg has no trigger, so a name that is also another exit's
    stays out.
    """
    closing = [(reason, trigger) for reason, trigger, is_entry in legs if reason and not is_entry]
    return {reason for reason, trigger in closing if reason == trigger} - {
        reason for reason, trigger in closing if reason != trigger
    }


def by_category(legs: LegColumns) -> list[Row]:
    """As `by_reason`, a row a category."""
    return _exits_by("category", legs)


def rungs(sets: SetColumns, legs: LegColumns) -> list[Row]:
    """A row a rung: rung, planned, count (closed sets that took it), hit_rate, conditional_rate, mean_r, pnl.

    conditional_rate is the share among sets that took the next lower rung that they planned; rung 1 has its hit_rate.
    mean_r is the mean, over the sets that took it, of what the rung booked ÷ initial risk. Where `planned_rungs` is
    not given, a set counts as having planned every rung up to the highest that any set of its profile took.
    None: hit_rate where no set planned the rung, conditional_rate where none took the lower one, mean_r where none
    took it with a known risk.
    """
    exits = np.flatnonzero(~legs.is_entry)
    reason, names = codes_of(legs.reason)
    rung_of_name = np.array([_rung_of(name) for name in names], dtype=np.int64)
    rung = rung_of_name[reason[exits]] if len(exits) else np.empty(0, np.int64)
    at_rung = (rung > 0) & sets.is_closed[legs.set_index[exits]]
    leg, rung = exits[at_rung], rung[at_rung]
    planned = _planned_rungs(sets, legs.set_index[leg], rung)
    highest = int(planned[sets.is_closed].max(initial=0)).bit_length()
    rows: list[Row] = []
    took_lower: Flags = sets.is_closed.copy()
    for number in range(1, max(highest, int(rung.max(initial=0))) + 1):
        took = np.zeros(len(sets), np.bool_)
        mine = leg[rung == number]
        took[legs.set_index[mine]] = True
        has_rung = sets.is_closed & ((planned >> (number - 1)) & 1 == 1)
        count, num_planned = int(took.sum()), int(has_rung.sum())
        booked_r = np.bincount(legs.set_index[mine], weights=legs.r[mine], minlength=len(sets))[took]
        rows.append(
            {
                "rung": number,
                "planned": num_planned,
                "count": count,
                "hit_rate": plain(ratio(count, num_planned)),
                "conditional_rate": plain(ratio(int((took & took_lower).sum()), int((has_rung & took_lower).sum()))),
                "mean_r": plain(mean(known(booked_r))),
                "pnl": plain(total(legs.realized_pnl[mine])),
            }
        )
        took_lower = np.where(has_rung, took, took_lower)
    return rows


def runner_share(sets: SetColumns, legs: LegColumns) -> float | None:
    """The share of the exit quantity that left by a trailing stop. None where nothing left.

    Quantities of several symbols do not add: each symbol's share counts by the notional of its exits.
    """
    symbol, symbols = codes_of(sets.symbol)
    exits = np.flatnonzero(~legs.is_entry & ~_is(legs.category, ADJUSTMENT))
    group = symbol[legs.set_index[exits]]
    quantity = legs.quantity[exits]
    trailed = np.where(_is(legs.reason, TRAILING_STOP)[exits], quantity, 0.0)
    left, notional, share = [], [], []
    for code in range(len(symbols)):
        mine = group == code
        left.append(total(quantity[mine]))
        notional.append(total((quantity * legs.price[exits])[mine]))
        share.append((ratio(total(trailed[mine]), left[-1]) or 0.0) * notional[-1])
    if sum(amount > 0 for amount in left) == 1:
        return ratio(total(trailed), total(quantity))
    return ratio(total(np.array(share)), total(np.array(notional)))


def breakeven_scratches(sets: SetColumns) -> int:
    """Closed sets whose last exit was the break-even stop."""
    return int((_is(sets.exit_reason, BREAKEVEN_STOP) & sets.is_closed).sum())


def exit_metrics(sets: SetColumns, legs: LegColumns) -> dict[str, Number]:
    """The tables of this module as flat keys: `exit_reason.<reason>.pnl`, `category.<category>.count`, `rung.1.…`."""
    metrics: dict[str, Number] = {"num_exit_legs": int((~legs.is_entry).sum())}
    for row in by_reason(legs):
        metrics |= _flat(f"exit_reason.{row['reason']}", row, ("count", "pnl", "mean_r", "share"))
    for row in by_category(legs):
        metrics |= _flat(f"category.{row['category']}", row, ("count", "pnl", "mean_r", "share"))
    for row in rungs(sets, legs):
        metrics |= _flat(
            f"rung.{row['rung']}", row, ("planned", "count", "hit_rate", "conditional_rate", "mean_r", "pnl")
        )
    metrics["runner_share"] = plain(runner_share(sets, legs))
    metrics["breakeven_scratches"] = breakeven_scratches(sets)
    return metrics


def natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """A sort key under which take_profit_2 comes before take_profit_10."""
    parts = re.findall(r"(\D*)(\d*)", name)
    return tuple((text, int(digits or -1)) for text, digits in parts)


def _exits_by(name: str, legs: LegColumns) -> list[Row]:
    exits = np.flatnonzero(~legs.is_entry)
    codes, values = codes_of(getattr(legs, name))
    # Stable, so that each group is one slice, whatever the number of groups.
    order = exits[np.argsort(codes[exits], kind="stable")]
    bounds = np.searchsorted(codes[order], np.arange(len(values) + 1))
    rows: list[Row] = []
    for code in sorted(range(len(values)), key=lambda c: natural_order(str(values[c]))):
        mine = order[bounds[code] : bounds[code + 1]]
        if len(mine):
            rows.append(
                {
                    name: values[code],
                    "count": len(mine),
                    "pnl": plain(total(legs.realized_pnl[mine])),
                    "mean_r": plain(mean(known(legs.r[mine]))),
                    "share": plain(ratio(len(mine), len(exits))),
                }
            )
    return rows


def _planned_rungs(sets: SetColumns, set_index: Integers, rung: Integers) -> Integers:
    if sets.planned_rungs is not None:
        return sets.planned_rungs
    profile, profiles = codes_of(sets.profile)
    highest = np.zeros(len(profiles), np.int64)
    np.maximum.at(highest, profile[set_index], rung)
    mask = (np.int64(1) << highest) - 1
    return mask[profile] if len(profile) else np.empty(0, np.int64)


def _rung_of(reason: str | None) -> int:
    match = RUNG.fullmatch(reason or "")
    number = int(match.group(1)) if match else 0
    return number if number <= MOST_RUNGS else 0


def _is(values: Sequence[str | None], word: str) -> Flags:
    return np.fromiter([value == word for value in values], dtype=np.bool_, count=len(values))


def _flat(prefix: str, row: Row, names: tuple[str, ...]) -> dict[str, Number]:
    return {f"{prefix}.{name}": row[name] for name in names}  # type: ignore[misc]
