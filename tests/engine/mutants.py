"""Planted engine bugs: one function each, with one phrase of its source replaced.

A mutant takes the place of its function's code, so every caller meets it; `planted` puts the code back. Mutants are
run by the rules as plain Python, because the compiled ones are a copy.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

from exitbrain.backtesting import rests
from exitbrain.backtesting.executing import Executor
from exitbrain.backtesting.simulation import Simulation
from exitbrain.core import arbiter, guardrails, ladder, lifecycle, sizing, trigger_intents, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`old` is an expression or a statement of the function; it is found by its meaning, not by its layout."""

    function: Callable[..., Any]
    old: str
    new: str
    triggers: bool = False  # told only by worlds with triggers
    liquidity: bool = False  # told only by worlds with liquidity-aware exits


MUTANTS = {
    "a quiet bar raises the peak only by its close": Mutant(
        function=walk.skip_quiet, old="best = max(best, h[j])", new="best = max(best, l[j])"
    ),
    "the trail rises only when a rising piece is over": Mutant(
        function=walk.climb,
        old="raise_peak(state, trace, mark, distance, cb_level, cb_num, cb_den)",
        new="mark < target or raise_peak(state, trace, mark, distance, cb_level, cb_num, cb_den)",
    ),
    "both extremes equally near count as favorable": Mutant(
        function=walk.low_first, old="o - l <= h - o", new="o - l < h - o"
    ),
    "a moved stop may loosen": Mutant(function=walk.move_stop, old="level > state[STOP]", new="level != state[STOP]"),
    "slippage is rounded in the position's favor": Mutant(
        function=walk.market_price, old="price * slip_num // slip_den", new="-(-price * slip_num // slip_den)"
    ),
    "a market fill may lie outside the bar": Mutant(
        function=walk.market_price, old="max(slipped, low)", new="slipped"
    ),
    "a hard target fills as a maker": Mutant(
        function=walk.fill_rung,
        old="record_fill(state, fills, TARGET + index[k], at, part_taken(state, at, quantity), 0, quantity)",
        new="record_fill(state, fills, TARGET + index[k], at, part_taken(state, at, quantity), 1, quantity)",
    ),
    "a stop is rounded away from the market": Mutant(
        function=ladder.toward_market,
        old="ceil_fraction(price) if side > 0 else floor_fraction(price)",
        new="floor_fraction(price) if side > 0 else ceil_fraction(price)",
    ),
    "a target may stand at the entry": Mutant(
        function=ladder.target_level, old="max(floor_fraction(entry + distance), ceil_fraction(entry + 1))",
        new="max(floor_fraction(entry + distance), ceil_fraction(entry))",
    ),
    "a curve's threshold is exclusive": Mutant(
        function=walk.raise_peak,
        old="state[STAGE] + 1 < len(cb_level) and state[PEAK] >= cb_level[state[STAGE] + 1]",
        new="state[STAGE] + 1 < len(cb_level) and state[PEAK] > cb_level[state[STAGE] + 1]",
    ),
    "what rounding leaves goes to the first leg": Mutant(
        function=ladder._split, old="quantities[last] += lots - sum(quantities)",
        new="quantities[0 if fractions[0] else last] += lots - sum(quantities)",
    ),
    "cost is released by a float average": Mutant(
        function=lifecycle.release_cost, old="divide_half_even(cost_basis * part, held)",
        new="int(cost_basis / held * part)",
    ),
    "the runner takes the whole position": Mutant(
        function=walk.fill_trail, old="0 < state[RUNNER] < lots", new="False"
    ),
    "size rounds to the nearest lot": Mutant(
        function=sizing.lots_of, old="floor_fraction(equity * value / (unit * abs(fill - stop)))",
        new="round(equity * value / (unit * abs(fill - stop)))",
    ),
    "cooldown lasts one bar longer": Mutant(
        function=guardrails.cooldown, old="facts.bars_since_close >= limits.cooldown_bars",
        new="facts.bars_since_close > limits.cooldown_bars",
    ),
    "a time stop comes one bar late": Mutant(
        function=Executor._time_stop_bar, old="bar + self.run.settings.time_stop_bars",
        new="bar + self.run.settings.time_stop_bars + 1",
    ),
    "funding is paid by the wrong side": Mutant(
        function=Simulation._fund,
        old="instrument.quantity(position.side * position.lots)", new="instrument.quantity(position.lots)",
    ),
    "a shrink rounds up": Mutant(
        function=ladder.shrink_legs,
        old="[lots * after // before for lots in sized[:-1]]",
        new="[-(-lots * after // before) for lots in sized[:-1]]",
        triggers=True,
    ),
    "the same-bar veto sleeps": Mutant(
        function=guardrails.same_bar_veto, old="facts.bars_held != 0", new="True", triggers=True
    ),
    "a latch changes no rank": Mutant(function=arbiter.rank, old="1 if latched else 3", new="3", triggers=True),
    "the smaller exit wins among equals": Mutant(
        function=arbiter.precedence, old="-share", new="share", triggers=True
    ),
    "a firing is never used up": Mutant(
        function=trigger_intents.fires, old="not is_used", new="True", triggers=True
    ),
    "a bar forgets what it has taken": Mutant(
        function=walk.part_taken, old="state[CAP] -= part", new="state[CAP] -= 0", liquidity=True
    ),
    "a part under the minimum is sent": Mutant(
        function=walk.part_taken,
        old="part < state[LEAST_LOTS] or abs(price) * part < state[LEAST_WORTH]", new="part < 1", liquidity=True,
    ),
    "the youngest rest is sold first": Mutant(
        function=rests.begin_bar, old="list(rests.waiting)", new="rests.waiting[::-1]", liquidity=True
    ),
    "an emergency leaves the rests standing": Mutant(
        function=rests.begin_bar, old="rests.waiting.clear()", new="rests.waiting.copy()", liquidity=True
    ),
    "a rest outgrows the position": Mutant(
        function=rests.Rests.trim, old="min(rest.lots, held)", new="rest.lots", liquidity=True
    ),
    "a spread is read at the open's own bar": Mutant(
        function=rests.harden, old="run.decider.spread_at(line, bar - 1)", new="run.decider.spread_at(line, bar)",
        liquidity=True,
    ),
    "a scale-in may loosen the stop": Mutant(
        function=Executor._add,
        old="max(side * planned, side * position.stop_ticks) * side",
        new="planned",
    ),
}  # fmt: skip


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    sound = mutant.function.__code__
    mutant.function.__code__ = code_of(mutant)
    try:
        yield
    finally:
        mutant.function.__code__ = sound


def code_of(mutant: Mutant) -> CodeType:
    """The function's code with the phrase replaced; fails where the function has no such phrase, or has it twice."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(mutant.function)))
    replacement = _Replacement(mutant.old, mutant.new)
    tree = ast.fix_missing_locations(replacement.visit(tree))
    name = mutant.function.__qualname__
    assert replacement.count == 1, f"{name} holds {mutant.old!r} {replacement.count} times: write the mutant anew"
    compiled = compile(tree, f"<mutant of {name}>", "exec", flags=__future__.annotations.compiler_flag)
    (code,) = (constant for constant in compiled.co_consts if isinstance(constant, CodeType))
    return code


class _Replacement(ast.NodeTransformer):
    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = _node(old), _node(new)
        self.wanted = ast.dump(self.old)
        self.count = 0

    def visit(self, node: ast.AST) -> Any:
        if type(node) is type(self.old) and ast.dump(node) == self.wanted:
            self.count += 1
            return self.new
        return self.generic_visit(node)


def _node(phrase: str) -> ast.AST:
    """An expression where it is one, else the statement."""
    (statement,) = ast.parse(phrase).body
    return statement.value if isinstance(statement, ast.Expr) else statement
