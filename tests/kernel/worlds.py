"""Random worlds for the kernel: candles in ticks, entries, a profile, costs; and each entry followed bar by bar.

Following is done by `core.walk` as plain Python that looks at every bar, over the ladder of `core.ladder`. It shares
nothing with the kernel but these rules.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.core.ladder import Ladder, compile_ladder, target_level, toward_market
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import fraction_of
from exitbrain.core.profiles import StopMove, TimeStop, TPKind, TPProfile, TPProfileLeg, TrailingProfile
from exitbrain.kernel.candles import Candles
from exitbrain.kernel.recipes import Costs, Entries, recipes_of

FEES = {"taker": 0.0005, "maker": 0.0002}
BY_TIME, BY_END = 4, 5


def _every_bar() -> ModuleType:
    """`core.walk` again, without its skipping of quiet bars."""
    spec = importlib.util.spec_from_file_location("walk_every_bar", rules.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.skip_quiet = lambda *a: None  # type: ignore[attr-defined]
    return module


every_bar = _every_bar()


@dataclass(frozen=True, kw_only=True)
class World:
    columns: tuple[np.ndarray, ...]  # open, high, low, close
    entries: Entries
    profiles: tuple[TPProfile, ...]
    costs: Costs
    single: bool

    @property
    def candles(self) -> Candles:
        return Candles(*self.columns)


def random_candles(dice: Random, bars: int) -> tuple[np.ndarray, ...]:
    """A random walk with gaps; steps of a few ticks, so that prices often meet levels exactly."""
    numbers = np.random.default_rng(dice.randrange(1 << 30))
    start, step = dice.choice([(200, 2), (2_000, 9), (30_000, 60), (1_000_000, 900)])
    walk = np.rint(numbers.standard_normal((bars, 4)) * step * dice.choice([0.3, 1, 3])).astype(np.int64)
    gaps = np.where(
        numbers.random(bars) < dice.choice([0, 0.02, 0.3]), numbers.integers(-4 * step, 4 * step + 1, bars), 0
    )
    drift = dice.choice([0, 0, 1, -1]) * step // 6
    path = np.cumsum(walk, axis=1) + drift
    opens = start + np.concatenate(([0], np.cumsum(path[:-1, -1] + gaps[:-1])))
    inside = np.column_stack([opens, opens[:, None] + path])
    columns = opens, inside.max(axis=1), inside.min(axis=1), inside[:, -1]
    lift = max(0, start // 10 - int(columns[2].min()))
    return tuple(np.ascontiguousarray(column + lift) for column in columns)


def _number(dice: Random, low: float, high: float) -> str:
    return f"{dice.uniform(low, high):.{dice.choice([1, 2, 3])}f}"


def random_profile(dice: Random, name: str) -> TPProfile:
    count = dice.randint(1, 5)
    multiples = sorted({max(Decimal(_number(dice, 0.05, 4)), Decimal("0.05")) for _ in range(count)})
    parts = [dice.randint(1, 9) for _ in multiples]
    whole = dice.random() < 0.5
    total = sum(parts) + (0 if whole else dice.randint(1, 9))
    fractions = [(Decimal(part) / Decimal(total)).quantize(Decimal("0.01")) for part in parts]
    fractions = [max(fraction, Decimal("0.01")) for fraction in fractions]
    if whole:
        fractions[-1] += 1 - sum(fractions)
        if fractions[-1] <= 0:
            fractions = [Decimal(1) / 5] * len(fractions)
    legs = tuple(
        TPProfileLeg(r, fraction, dice.choice(list(TPKind))) for r, fraction in zip(multiples, fractions, strict=True)
    )
    trailing = None
    if dice.random() < 0.7:
        widest = dice.choice([0.002, 0.01, 0.03])
        points = sorted({round(dice.uniform(0, 5), 1) for _ in range(dice.randint(0, 3))})
        curve = tuple((r, round(widest * (0.8 ** (i + 1)), 5)) for i, r in enumerate(points))
        trailing = TrailingProfile(widest, dice.choice([0, 0.25, 0.5, 1, 1.5, 3]), curve)
    moves = []
    for leg in range(1, len(legs) + 1):
        if dice.random() < 0.3:
            to: Any = dice.choice(["breakeven", "previous_target", "0.3", "-0.5", "1.25"])
            moves.append(StopMove(after_leg=leg, to=to))
    time_stop = TimeStop(bars=dice.choice([1, 3, 20, 100])) if dice.random() < 0.25 else None
    return TPProfile(name, legs, trailing, "", tuple(moves), time_stop)


def random_entries(dice: Random, columns: tuple[np.ndarray, ...], costs: Costs, stop_rules: int) -> Entries:
    opens, highs, lows, _ = columns
    bars = len(opens)
    count = dice.randint(1, max(1, min(8, bars // 2)))
    places = np.array(sorted(dice.choice(range(bars)) for _ in range(count)))
    sides = np.array([dice.choice([1, -1]) for _ in range(count)])
    if dice.random() < 0.4:
        sides[:] = dice.choice([1, -1])
    num, den = costs.slippage
    prices = np.empty(count, dtype=np.int64)
    for i, (bar, side) in enumerate(zip(places.tolist(), sides.tolist())):
        open_ = int(opens[bar])
        slipped = -(-open_ * (den + num) // den) if side > 0 else open_ * (den - num) // den
        prices[i] = min(slipped, int(highs[bar])) if side > 0 else max(slipped, int(lows[bar]))
    stops = np.empty((stop_rules, count), dtype=np.int64)
    lots = np.empty((stop_rules, count), dtype=np.int64)
    for row in range(stop_rules):
        share = dice.choice([0.003, 0.01, 0.025, 0.05])
        for i in range(count):
            distance = max(1, int(prices[i] * share * dice.uniform(0.5, 1.5)))
            stops[row, i] = prices[i] - sides[i] * distance
            lots[row, i] = dice.choice([1, 2, 7, 100, 99_999, 0 if dice.random() < 0.2 else 50])
    return Entries(bar=places, side=sides, price=prices, stop=stops, lots=lots)


def random_world(seed: int, *, profiles: int = 1, stop_rules: int = 1, most_bars: int = 300) -> World:
    dice = Random(seed)
    columns = random_candles(dice, dice.choice([1, 2, 5, 40, 120, 120, most_bars]))
    costs = Costs(
        slippage=dice.choice([(0, 1), (1, 10_000), (25, 10_000)]),
        path=dice.choice([rules.ADVERSE, rules.FAVORABLE, rules.NEAREST]),
        through=dice.random() < 0.5,
        close_at_end=dice.random() < 0.8,
        min_lots=dice.choice([1, 1, 3]),
        min_worth=dice.choice([0, 0, 40_000]),
        time_stop_bars=dice.choice([None, None, None, 4, 60]),
        **FEES,
    )
    entries = random_entries(dice, columns, costs, stop_rules)
    recipes = tuple(random_profile(dice, f"P{i}") for i in range(profiles))
    return World(columns=columns, entries=entries, profiles=recipes, costs=costs, single=dice.random() < 0.5)


def instrument_of(costs: Costs) -> Instrument:
    """One tick and one lot are 1, so that ticks × lots are quote money."""
    return Instrument(
        symbol="TST", tick_size=Decimal(1), lot_size=Decimal(1), min_quantity=Decimal(costs.min_lots),
        min_notional=Decimal(costs.min_worth) if costs.min_worth else None,
    )  # fmt: skip


@dataclass(frozen=True)
class Followed:
    """(bar, code, price, lots, maker) of each exit; when it closed; best and worst price."""

    fills: list[tuple[int, int, int, int, int]]
    closed_bar: int
    best: int
    worst: int
    ladder: Ladder


class Position:
    """One entry as the arrays that `core.walk` wants, and the walk itself."""

    def __init__(self, world: World, profile: TPProfile, entry: int, stop_rule: int = 0) -> None:
        entries, costs = world.entries, world.costs
        side, price = int(entries.side[entry]), int(entries.price[entry])
        stop, lots = int(entries.stop[stop_rule, entry]), int(entries.lots[stop_rule, entry])
        self.world, self.profile, self.side = world, profile, side
        self.bar = int(entries.bar[entry])
        self.ladder = compile_ladder(profile, instrument_of(costs), side, price, stop, lots)
        o, h, l, c = (column.tolist() for column in world.columns)
        self.columns = (o, h, l, c) if side > 0 else tuple([-x for x in column] for column in (o, l, h, c))
        num, den = costs.slippage
        self.slip = den - side * num, den
        rows = sorted(
            (side * rung.level + (1 if rung.soft and costs.through else 0), rung.index, side * rung.level, rung.lots,
             int(rung.soft), *self._move(rung.index))
            for rung in self.ladder.rungs
        )  # fmt: skip
        meet, index, level, quantity, soft, move, move_to = ([row[i] for row in rows] for i in range(7))
        self.rungs = meet, level, quantity, soft, index, move, move_to
        trail = self.ladder.trail
        stages = () if trail is None else trail.callbacks
        self.callbacks = tuple(
            [row[i] for row in [(side * at, d - side * n, d) for at, n, d in stages]] for i in range(3)
        )
        state = [0] * rules.STATE_SIZE
        state[rules.QTY], state[rules.STOP], state[rules.STOP_KIND] = lots, side * stop, rules.BY_STOP
        state[rules.PEAK] = state[rules.WORST] = self.columns[0][self.bar]
        state[rules.TRAIL], state[rules.STAGE], state[rules.RUNNER] = -rules.FAR, -1, self.ladder.runner
        state[rules.MODE] = rules.NO_TRAIL if trail is None else rules.PERCENT
        state[rules.STEP], state[rules.CAP] = self.bar, rules.NO_CAP
        self.state = state
        self.fills = [0] * ((len(rows) + 2) * rules.FILL_SIZE)
        rules.raise_peak(state, [], state[rules.PEAK], -1, *self.callbacks)

    def _move(self, leg: int) -> tuple[int, int]:
        moves = [move for move in self.profile.stop_moves if move.after_leg == leg]
        if not moves:
            return rules.STAY, 0
        (move,) = moves
        entry, risk, side = self.ladder.entry, self.ladder.risk, self.side
        if move.to == "breakeven" or (move.to == "previous_target" and leg == 1):
            return rules.MOVE_BREAKEVEN, side * toward_market(entry, side)
        if move.to == "previous_target":
            reach = fraction_of(self.profile.tp_legs[leg - 2].r_multiple) * risk
            return rules.MOVE_PLAIN, side * target_level(entry, side, reach)
        return rules.MOVE_PLAIN, side * toward_market(entry + side * fraction_of(move.to) * risk, side)

    def walk(self, until: int, module: ModuleType = every_bar) -> None:
        result = module.walk(
            *self.columns, [-1], until, 0, self.side, self.world.costs.path, *self.slip,
            self.state, self.fills, [], *self.rungs, *self.callbacks,
        )  # fmt: skip
        assert result in (rules.GONE, rules.LIMIT)

    def follow(self) -> Followed:
        costs, state, n = self.world.costs, self.state, len(self.columns[0])
        holds = [
            bars
            for bars in (costs.time_stop_bars, self.profile.time_stop.bars if self.profile.time_stop else None)
            if bars is not None
        ]
        due = self.bar + min(holds) if holds else n
        self.walk(min(n, due + 1))
        rows = [self.fills[i * 6 : i * 6 + 5] for i in range(state[rules.FILLS])]
        fills = [(bar, how, self.side * price, lots, maker) for bar, how, price, lots, maker in rows]
        closed = state[rules.STEP] if state[rules.QTY] == 0 else n
        if state[rules.QTY] and (due < n - 1 or costs.close_at_end):
            closed, price, code = n - 1, self.columns[3][n - 1], BY_END
            if due < n - 1:
                closed, price, code = due + 1, self.columns[0][due + 1], BY_TIME
                state[rules.PEAK] = max(state[rules.PEAK], price)
                state[rules.WORST] = min(state[rules.WORST], price)
            at = rules.market_price(price, self.columns[2][closed], *self.slip)
            fills.append((closed, code, self.side * at, state[rules.QTY], 0))
        return Followed(fills, closed, self.side * state[rules.PEAK], self.side * state[rules.WORST], self.ladder)


def followed(world: World, profile: TPProfile, stop_rule: int = 0) -> list[Followed | None]:
    """Every entry of the world, bar by bar; None where no position was opened."""
    out: list[Followed | None] = []
    last = -1
    for entry in range(len(world.entries)):
        if not world.entries.lots[stop_rule, entry] or (world.single and world.entries.bar[entry] <= last):
            out.append(None)
            continue
        one = Position(world, profile, entry, stop_rule).follow()
        last = one.closed_bar
        out.append(one)
    return out


def difference_of_seed(seed: int) -> str | None:
    """The first thing in which the kernel's fills differ from the walk bar by bar."""
    from exitbrain.kernel.fills import follow_entries

    world = random_world(seed)
    (profile,) = world.profiles
    wanted = followed(world, profile)
    recipes = recipes_of([profile])
    for exact in (True, False):
        for index in (False, True):
            found = follow_entries(
                world.candles, world.entries, recipes, world.costs, single=world.single, exact=exact, index=index
            )
            columns = zip(found.bar, found.code, found.price, found.lots, found.maker)
            rows: dict[int, list[tuple[int, ...]]] = {}
            for place, row in zip(found.position.tolist(), columns):
                rows.setdefault(place, []).append(tuple(int(x) for x in row))
            for place, one in enumerate(wanted):
                told = f"seed {seed}, entry {place}, exact {exact}, index {index}"
                if one is None:
                    if found.closed_bar[place] != -1 or place in rows:
                        return f"{told}: opened, and should not be"
                    continue
                if rows.get(place, []) != one.fills or found.closed_bar[place] != one.closed_bar:
                    return (
                        f"{told}: {rows.get(place)} closed {found.closed_bar[place]}, not {one.fills} {one.closed_bar}"
                    )
                if exact and (found.best[place], found.worst[place]) != (one.best, one.worst):
                    return f"{told}: extremes {found.best[place]} {found.worst[place]}, not {one.best} {one.worst}"
                if exact and bool(one.ladder.notes) > bool(found.noted[place]):
                    return f"{told}: {one.ladder.notes} and no note"
    return _difference_of_sweep(seed, world, wanted)


def _difference_of_sweep(seed: int, world: World, wanted: list[Followed | None]) -> str | None:
    """The same entries under the same profile, as one of a sweep."""
    from exitbrain.kernel.sweep import evaluate

    out = evaluate(
        world.candles, world.entries, recipes_of(world.profiles), world.costs, single=world.single, per_set=True
    )
    opened = [one for one in wanted if one is not None]
    assert out.exit_bar is not None
    closing = [-1 if one is None or one.closed_bar == len(world.candles) else one.closed_bar for one in wanted]
    if out.exit_bar[0].tolist() != closing:
        return f"seed {seed}: a sweep closes at {out.exit_bar[0].tolist()}, not at {closing}"
    gross = sum(
        int(world.entries.side[i]) * (price - int(world.entries.price[i])) * lots
        for i, one in enumerate(wanted)
        if one is not None
        for _, _, price, lots, _ in one.fills
    )
    found = int(out.positions[0]), int(out.fills[0]), float(out.gross[0])
    expected = len(opened), sum(len(one.fills) for one in opened), float(gross)
    return None if found == expected else f"seed {seed}: a sweep has {found}, not {expected}"


def without_costs(world: World) -> World:
    return replace(world, costs=replace(world.costs, slippage=(0, 1)))
