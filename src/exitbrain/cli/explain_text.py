"""An explanation on the terminal: what was open, who asked, what each guard said, who won, and which rules kept silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from rich.console import Console
from rich.text import Text

from exitbrain.cli.amounts import ABSENT, counted, moment, signed_r
from exitbrain.cli.fixed_columns import Column, fitting, lines, print_line
from exitbrain.core.arbiter import RANKS
from exitbrain.core.guardrails import GUARDS
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.numbers import plain
from exitbrain.core.rules import Term
from exitbrain.wiring.explained import TRUTHS
from exitbrain.wiring.explaining import Candidate, Explanation
from exitbrain.wiring.past_positions import PastPosition
from exitbrain.wiring.silent_rules import SilentRule

BEFORE, AFTER = ("expired_plan",), ("max_adds", "opposite_ignored")
NOT_ASKED, YES, NO, AT_FILL = "-", "yes", "NO", "at fill"


def show_explanation(out: Console, one: Explanation) -> None:
    numbers = _numbers(one)
    _say(out, _head(one, numbers))
    for title, asked in _decisions(one, numbers):
        _title(out, title)
        _candidates(out, asked)
        _title(out, "Guards")
        _guards(out, asked)
        _say(out, _outcomes(asked))
    if one.fills or one.silence:
        _title(out, "What came of it")
        _say(out, [*one.silence, *(f"{_leg(leg, numbers)}, {moment(leg['timestamp'])}" for leg in one.fills)])
    if one.silent:
        _title(out, "Rules that asked nothing")
        for rule in one.silent:
            _rule(out, rule, numbers)
    if one.notes:
        out.print()
        _say(out, one.notes)


def _numbers(one: Explanation) -> dict[str, int]:
    """Names of the positions by age, where there are several or an entry asks for one more (spec F28)."""
    ids = [position.set_id for position, _ in one.positions]
    asks_for_one = any(candidate.set_id is None for candidate in one.candidates if candidate.decided == "close")
    several = len(ids) + asks_for_one > 1
    return {set_id: number for number, set_id in enumerate(ids, start=1)} if several else {}


def _decisions(one: Explanation, numbers: Mapping[str, int]) -> Iterator[tuple[str, list[Candidate]]]:
    """What competed with each other: where several positions are open, each is decided alone (spec F28)."""
    at_open = [candidate for candidate in one.candidates if candidate.decided == "open"]
    at_close = [candidate for candidate in one.candidates if candidate.decided == "close"]
    groups = [("Decided at the open", at_open)]
    for set_id, number in numbers.items():
        own = [candidate for candidate in at_close if candidate.set_id == set_id]
        groups.append((f"Candidates for position {number}, in order of rank", own))
    rest = [candidate for candidate in at_close if candidate.set_id not in numbers]
    groups.append(("Entries, each a position of its own" if numbers else "Candidates, in order of rank", rest))
    return ((title, asked) for title, asked in groups if asked)


def _title(out: Console, words: str) -> None:
    out.print()
    print_line(out, Text(words, style="bold"))


def _say(out: Console, sentences: Sequence[str] | Iterator[str], indent: str = "") -> None:
    width = max(out.width, 40)
    for sentence in sentences:
        folded = fill(sentence, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
        for line in folded.splitlines():
            print_line(out, Text(line))


# the bar and what was open


def _head(one: Explanation, numbers: Mapping[str, int]) -> Iterator[str]:
    price = "" if one.price is None else f", close {one.price}"
    yield f"{one.symbol} at {moment(iso(instant_of(one.time)))} UTC{price}"
    for leg in one.legs:
        yield f"in this bar: {_leg(leg, numbers)}"
    if not one.positions:
        yield "position: flat"
    for position, features in one.positions:
        yield f"{_numbered(position.set_id, numbers) or 'position'}: {_position(position, features)}"
    yield f"risk-off latch: {'on, by ' + ', '.join(one.latch) if one.latch else 'off'}"


def _position(position: PastPosition, features: Mapping[str, Any]) -> str:
    side = "long" if position.side > 0 else "short"
    parts = [f"{side} {plain(position.quantity)} from {features['entry_price']:.10g}"]
    if "bars_held" in features:
        parts.append(f"held {counted(int(features['bars_held']), 'bar')}")
    if "unrealized_r" in features:
        parts.append(f"{signed_r(features['unrealized_r'])}R")
    if "stop_price" in features:
        parts.append(f"stop {features['stop_price']:.10g}")
    if position.trail is not None:
        parts.append(f"trailing stop {plain(position.trail)}")
    return ", ".join(parts)


def _leg(leg: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    owner = _numbered(leg["set_id"], numbers)
    return f"{leg['side']} {leg['qty']} at {leg['price']}, {leg['reason']}{f', {owner}' if owner else ''}"


def _numbered(set_id: str | None, numbers: Mapping[str, int]) -> str:
    return f"position {numbers[set_id]}" if set_id in numbers else ""


# candidates and guards


def _candidates(out: Console, asked: Sequence[Candidate]) -> None:
    ranked = sorted(asked, key=lambda one: len(RANKS) if one.rank is None else one.rank)
    columns = [
        Column(heading="rank", cells=[ABSENT if one.rank is None else str(one.rank) for one in ranked]),
        Column(heading="candidate", cells=[one.trigger_id for one in ranked]),
        Column(heading="outcome", cells=[one.outcome for one in ranked]),
        Column(heading="kind", cells=[one.kind for one in ranked]),
        Column(heading="grade", cells=[one.grade or ABSENT for one in ranked], rank=2),
        Column(heading="exits", cells=[_share(one) for one in ranked], rank=1),
        Column(heading="rank means", cells=[one.rank_name or ABSENT for one in ranked], rank=3),
    ]
    for row in lines(fitting(columns, out.width), out.width):
        for line in row:
            print_line(out, line)


def _share(one: Candidate) -> str:
    if one.kind == "entry":
        return ABSENT
    return "all" if one.exit_fraction is None else f"{one.exit_fraction:.6g}"


def _guards(out: Console, asked: Sequence[Candidate]) -> None:
    """One row a guard in the order of the table, one column a candidate; further candidates stand below."""
    told = {guard for one in asked for guard in one.guards}
    names = [name for name in (*BEFORE, *GUARDS, *AFTER) if name in told or name in GUARDS]
    first = Column(heading="", cells=names)
    block: list[Column] = []
    for one in asked:
        column = Column(heading=one.trigger_id[:24], cells=[_answer(one, name) for name in names])
        if block and first.width + sum(each.width + 2 for each in (*block, column)) > out.width:
            _print_block(out, first, block)
            out.print()
            block = []
        block.append(column)
    _print_block(out, first, block)


def _print_block(out: Console, first: Column, block: list[Column]) -> None:
    for row in lines([first, *block], out.width):
        for line in row:
            if NO in line.plain.split():
                line.stylize("yellow")
            print_line(out, line)


def _answer(one: Candidate, guard: str) -> str:
    if guard not in one.guards:
        return NOT_ASKED
    if guard == "min_trade" and one.kind == "entry":
        return AT_FILL  # an entry's size is known there (spec F11)
    return YES if one.guards[guard] is None else NO


def _outcomes(asked: Sequence[Candidate]) -> Iterator[str]:
    for one in asked:
        if one.outcome == "won":
            yield f"{one.trigger_id} won" + (f": {one.rank_name}" if one.rank_name else "")
        elif one.outcome == "lost":
            why = one.reason or "outranked"
            yield f"{one.trigger_id} lost to {one.winner}: {why}{_order(one, asked)}"
        else:
            for guard, answer in one.guards.items():
                if answer is not None:
                    yield f"{one.trigger_id} was refused by {guard}: {answer}"
            if one.detail and "cooldown_recommendation_bars" in one.detail:
                yield f"{one.trigger_id}:{one.detail.rpartition(';')[2]}"


def _order(one: Candidate, asked: Sequence[Candidate]) -> str:
    """What decided between the two: the rank, else grade, fraction or id (spec D4)."""
    winner = next((each for each in asked if each.outcome == "won"), None)
    if winner is None or one.rank is None or winner.rank is None:
        return f", {one.detail}" if one.detail else ""
    if winner.rank != one.rank:
        return f", {winner.rank_name} comes before {one.rank_name}"
    if winner.grade != one.grade:
        return f", grade {winner.grade or 'none'} comes before {one.grade or 'none'}"
    if _share(winner) != _share(one):
        return f", exiting {_share(winner)} comes before {_share(one)}"
    return ", the ids decide between equals"


# rules that asked nothing


def _rule(out: Console, rule: SilentRule, numbers: Mapping[str, int]) -> None:
    owner = rule.key if rule.trigger_id is None else f"{rule.trigger_id} {rule.key}"
    position = _numbered(rule.set_id, numbers)
    of = f" for {position}" if position else ""
    why = f"; {rule.why}" if rule.why else ""
    _say(out, [f"{owner}{of}: {TRUTHS[rule.truth]}{why}"])
    if not rule.terms:
        return
    columns = [
        Column(heading="", cells=[" ".join(term.text.split()) for term in rule.terms]),
        Column(heading="", cells=[TRUTHS[term.truth] for term in rule.terms]),
        Column(heading="", cells=[_values(term) for term in rule.terms]),
    ]
    if columns[0].width + 26 > out.width:
        for term, values in zip(rule.terms, columns[2].cells):
            _say(out, [f"{' '.join(term.text.split())}: {TRUTHS[term.truth]}; {values}"], indent="  ")
        return
    _, *rows = lines(columns, out.width, indent="  ")
    for row in rows:
        for line in row:
            print_line(out, line)


def _values(term: Term) -> str:
    """What the term read; why, where that is missing."""
    known = [f"{one.text} {_value(one.value)}" for one in term.readings if one.value is not None]
    return "; ".join([", ".join(known), *term.why] if known else term.why) or ABSENT


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.8g}" if isinstance(value, float) else str(value)
