"""`tune`: a sweep whose winner is judged on days that it was not chosen on, and against what chance would do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.analysis.bootstrap import Estimate, clustered_mean, clusters_of, stationary_mean
from exitbrain.analysis.columns import MICROSECONDS_PER_DAY, Floats, Integers
from exitbrain.analysis.sums import mean, plain
from exitbrain.config.durations import duration_of
from exitbrain.config.spaces import Space, read_space
from exitbrain.errors import InvalidInput, Problem
from exitbrain.tuning.luck import Evidence, daily_sums, evidence, verdict
from exitbrain.tuning.objectives import ranked, signed
from exitbrain.tuning.scores import SCORES, ClosedSets
from exitbrain.tuning.splits import COMBINATORIAL, WALK_FORWARD, Fold, combinatorial, days_of, sides, walk_forward
from exitbrain.wiring.evaluating import NUMBER
from exitbrain.wiring.sweeping import Sweep, sweep, write_configuration

if TYPE_CHECKING:
    import polars as pl

BASE_NAME = "the base"
FOLDS, GROUPS, TEST_GROUPS, EMBARGO = 5, 6, 2, "1d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One fold: which configuration was best where it was chosen, and how it did where it was not."""

    fold: Fold
    chosen: int
    train: float | None
    test: float | None
    base_test: float | None
    rank: float | None  # of the chosen one in the test, 1 the best and 0 the worst of all

    def to_dict(self, numbers: Sequence[int]) -> dict[str, Any]:
        days = self.fold.train_days
        return {
            "kind": self.fold.kind,
            "train": [_day(int(days.min())), _day(int(days.max()))] if len(days) else None,
            "num_train_days": len(days),
            "test": [[_day(first), _day(last)] for first, last in self.fold.blocks],
            "configuration": numbers[self.chosen],
            "train_score": self.train,
            "test_score": self.test,
            "base_test_score": self.base_test,
            "test_rank": self.rank,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning:
    """A sweep with its splits; rows and columns of its arrays are in the order of the sweep's table."""

    sweep: Sweep
    days: Integers
    daily: Floats
    base_daily: Floats
    judged: tuple[Judged, ...]
    scores: Mapping[str, Floats]  # "train" and "test": [fold, configuration] of the first objective
    outside: Mapping[str, Any]
    evidence: Evidence
    winner: int
    is_base: bool
    splits: Mapping[str, Any]
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        return [int(number) for number in self.sweep.numbers]

    @cached_property
    def winner_row(self) -> dict[str, Any]:
        return self.sweep.rows([self.winner])[0]

    @property
    def name(self) -> str:
        return f"configuration {self.numbers[self.winner]}"

    @property
    def verdict(self) -> str:
        bases = self.sweep.space.bases
        return verdict(
            self.name,
            bases[0] if bases else BASE_NAME,
            self.evidence,
            is_base=self.is_base,
            outside=self.outside["difference_r_day"],
        )

    def to_dict(self) -> dict[str, Any]:
        """What tune.json holds."""
        folds = [one.to_dict(self.numbers) for one in self.judged]
        return self.sweep.to_dict() | {
            "splits": dict(self.splits),
            "winner": {
                name: self.winner_row.get(name) for name in (NUMBER, *self.sweep.space.keys, *self.sweep.objective)
            },
            "evidence": asdict(self.evidence),
            "walk_forward": dict(self.outside),
            "cpcv": self.combinatorial,
            "verdict": self.verdict,
            "folds": folds,
        }

    @cached_property
    def combinatorial(self) -> dict[str, Any]:
        """Over all combinations: the mean score of what was chosen and of the base, and how often it was better."""
        mine = [one for one in self.judged if one.fold.kind == COMBINATORIAL]
        both = [(one.test, one.base_test) for one in mine if one.test is not None and one.base_test is not None]
        ranks = [one.rank for one in mine if one.rank is not None]
        objective = self.sweep.objective[0]
        better = [signed(objective, np.array(pair)) for pair in both]
        return {
            "num_folds": len(mine),
            "num_paths": self.splits["cpcv_paths"],
            "test_score_mean": plain(mean(np.array([one for one, _ in both]))),
            "base_test_score_mean": plain(mean(np.array([other for _, other in both]))),
            "share_better": plain(float(np.mean([own > base for own, base in better])) if better else None),
            "test_rank_mean": plain(mean(np.array(ranks, dtype=np.float64))),
        }

    @cached_property
    def folds_frame(self) -> pl.DataFrame:
        """A row a fold and configuration, with the first objective on both sides."""
        import polars as pl

        count = len(self.numbers)
        return pl.DataFrame(
            {
                "fold": np.repeat(np.arange(len(self.judged)), count),
                "kind": np.repeat([one.fold.kind for one in self.judged], count),
                NUMBER: np.tile(self.numbers, len(self.judged)),
                "train": pl.Series(self.scores["train"].ravel()).fill_nan(None),
                "test": pl.Series(self.scores["test"].ravel()).fill_nan(None),
            }
        )

    def report(self) -> str:
        """The page of the sweep, with what is said of its winner."""
        told = self.to_dict()
        return self.sweep.report(
            {
                "verdict": told["verdict"],
                "winner": told["winner"][NUMBER],
                **{name: told[name] for name in ("evidence", "walk_forward", "cpcv", "splits", "folds")},
            }
        )

    def to_dir(self, path: str | Path, *, page: str | None = None) -> Path:
        """tune.json, folds.parquet, and the files of the sweep, whose best configuration is the winner."""
        folder = self.sweep.to_dir(path, page=page)
        (folder / "sweep.json").unlink()
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "tune.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        self.folds_frame.write_parquet(folder / "folds.parquet", compression="zstd", statistics=False)
        write_configuration(folder, self.sweep.configuration(self.winner_row), f"{self.sweep.base_name}_TUNED")
        (folder / "timings.json").write_text(json.dumps(dict(self.timings), indent=1) + "\n", encoding="utf-8")
        return folder


def tune(
    candles: Any,
    *,
    space: Any,
    folds: int = FOLDS,
    groups: int = GROUPS,
    test_groups: int = TEST_GROUPS,
    embargo: Any = EMBARGO,
    **how: Any,
) -> Tuning:
    """A `sweep` (its arguments, `sets` apart) and its splits; `embargo` is a duration as 1d or 6h.

    Raises InvalidInput, and Unavailable where arch or purgedcv is missing.
    """
    wait = _embargo(embargo)
    if folds < 1:
        raise InvalidInput(f"folds is {folds}", accepted="a whole number from 1")
    if not 1 <= test_groups < groups:
        raise InvalidInput(f"{test_groups} test groups of {groups}", accepted="fewer test groups than groups")
    space = read_space(space)
    _check_objectives(space)
    made = sweep(candles, space=space, sets=True, **how)
    began = time.perf_counter()
    told = how.get("progress") or (lambda stage, share: None)
    told("judging", 0.0)
    base_sets = _closed(made.shared.result(made.shared.maker.base()).set_columns)
    days = days_of([*(sets.opened_at for _, sets in _each(made)), base_sets.opened_at])
    plan = [*walk_forward(days, folds), *combinatorial(days, groups, test_groups, wait)]
    cash = float(made.shared.given.settings.account.initial_cash)
    table = _Table(made, days, plan, wait, cash, base_sets)
    for place, (_, sets) in enumerate(_each(made)):
        table.take(place, sets)
        told("judging", (place + 1) / made.num_rows)
    judged = tuple(table.judged(number) for number in range(len(plan)))
    winner = int(made.ranking[0])
    seed = int(made.about["seed"])
    found = evidence(table.daily, table.base_daily, winner, seed)
    configuration = made.configuration(made.rows([winner])[0])
    start = made.shared.maker.base()
    return Tuning(
        sweep=made,
        days=days,
        daily=table.daily,
        base_daily=table.base_daily,
        judged=judged,
        scores={"train": table.train[0], "test": table.test},
        outside=_outside(table, judged, made, seed),
        evidence=found,
        winner=winner,
        is_base=(configuration.profile, configuration.settings) == (start.profile, start.settings),
        splits={
            "walk_forward_windows": folds,
            "cpcv_groups": groups,
            "cpcv_test_groups": test_groups,
            "cpcv_paths": comb(groups - 1, test_groups - 1),
            "embargo_seconds": wait.total_seconds(),
            "num_days": len(days),
        },
        timings=dict(made.timings) | {"judge_seconds": time.perf_counter() - began},
    )


def _embargo(given: Any) -> timedelta:
    if isinstance(given, timedelta):
        return given
    if str(given).strip() in ("0", "0d", "0h"):
        return timedelta(0)
    try:
        return duration_of(given)
    except InvalidInput as error:
        accepted = error.problems[0].accepted
        raise InvalidInput(Problem(found=f"embargo is {given!r}", accepted=f"0, or {accepted}")) from None


def _check_objectives(space: Space) -> None:
    for i, name in enumerate(space.objective):
        if name not in SCORES:
            raise InvalidInput(
                space.problem(
                    ("objective", i), f"{name} cannot be told of a part of the sets", f"one of {', '.join(SCORES)}"
                )
            )


def _closed(columns: Any) -> ClosedSets:
    done = columns.is_closed
    return ClosedSets(
        opened_at=columns.opened_at[done],
        closed_at=columns.closed_at[done],
        r=columns.r_multiple[done],
        pnl=columns.pnl_net[done],
    )


def _each(made: Sweep) -> Iterator[tuple[int, ClosedSets]]:
    """Closed sets of each configuration in order of the table, piece by piece from disk."""
    import polars as pl

    wanted = iter(int(number) for number in made.numbers)
    number = next(wanted, None)
    for piece in made.done:
        frame = pl.read_parquet(made.store.path(piece, ".sets"))
        parts: dict[int, pl.DataFrame] = {}
        if "closed_at" in frame.columns:
            frame = frame.filter(pl.col("closed_at").is_not_null())
            parts = {int(key[0]): part for key, part in frame.partition_by(NUMBER, as_dict=True).items()}
        while number is not None and number < piece.stop:
            yield number, _sets_of(parts.get(number))
            number = next(wanted, None)


def _sets_of(frame: pl.DataFrame | None) -> ClosedSets:
    if frame is None:
        empty = np.empty(0)
        return ClosedSets(opened_at=empty.astype(np.int64), closed_at=empty.astype(np.int64), r=empty, pnl=empty)
    return ClosedSets(
        opened_at=frame["opened_at"].dt.epoch("us").to_numpy(),
        closed_at=frame["closed_at"].dt.epoch("us").to_numpy(),
        r=frame["r_multiple"].fill_null(np.nan).to_numpy(),
        pnl=frame["pnl_net"].to_numpy(),
    )


class _Table:
    """Scores of every configuration on both sides of every fold, and what each made a day."""

    def __init__(
        self, made: Sweep, days: Integers, plan: Sequence[Fold], wait: timedelta, cash: float, base: ClosedSets
    ) -> None:
        self.names, self.days, self.plan, self.wait, self.cash = made.objective, days, plan, wait, cash
        count = made.num_rows
        self.daily = np.zeros((len(days), count))
        self.train = np.full((len(self.names), len(plan), count), np.nan)
        self.test = np.full((len(plan), count), np.nan)
        self.base = base
        self.base_daily = daily_sums(days, base.opened_at // MICROSECONDS_PER_DAY, base.r)
        # The sets of what was chosen, window by window, are wanted again; there are few of them.
        self.windows: dict[int, ClosedSets] = {}

    def take(self, place: int, sets: ClosedSets) -> None:
        self.daily[:, place] = daily_sums(self.days, sets.opened_at // MICROSECONDS_PER_DAY, sets.r)
        for number, fold in enumerate(self.plan):
            own = sides(fold, sets.opened_at, sets.closed_at, self.wait)
            chosen_on, judged_on = sets.of(own.train), sets.of(own.test)
            for i, name in enumerate(self.names):
                self.train[i, number, place] = SCORES[name](chosen_on, self.cash)
            self.test[number, place] = SCORES[self.names[0]](judged_on, self.cash)
            if fold.kind == WALK_FORWARD:
                self._keep_if_best(number, place, judged_on)

    def _keep_if_best(self, number: int, place: int, sets: ClosedSets) -> None:
        """The sets of the best so far; the same order as `ranked`, in which the earlier of equals wins."""
        columns = [self.train[i, number, : place + 1] for i in range(len(self.names))]
        if int(ranked(self.names, columns)[0]) == place:
            self.windows[number] = sets

    def judged(self, number: int) -> Judged:
        fold = self.plan[number]
        chosen = int(ranked(self.names, [self.train[i, number] for i in range(len(self.names))])[0])
        own = sides(fold, self.base.opened_at, self.base.closed_at, self.wait)
        tests = signed(self.names[0], self.test[number])
        others = len(tests) - 1
        beaten = (tests < tests[chosen]).sum() + (tests == tests[chosen]).sum() / 2 - 0.5
        return Judged(
            fold=fold,
            chosen=chosen,
            train=plain(_known(self.train[0, number, chosen])),
            test=plain(_known(self.test[number, chosen])),
            base_test=plain(_known(SCORES[self.names[0]](self.base.of(own.test), self.cash))),
            rank=plain(float(beaten / others) if others else None),
        )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _outside(table: _Table, judged: Sequence[Judged], made: Sweep, seed: int) -> dict[str, Any]:
    """What was chosen window by window on earlier days, taken together: R a set, and R a day beside the base's."""
    windows = [(i, one) for i, one in enumerate(judged) if one.fold.kind == WALK_FORWARD]
    sets = [table.windows[i] for i, _ in windows]
    r, opened = (np.concatenate([getattr(one, name) for one in sets]) for name in ("r", "opened_at"))
    known = ~np.isnan(r)
    estimate = Estimate(mean=None)
    if known.any():
        estimate = clustered_mean(r[known], clusters_of(opened[known]), seed)
    own, base = [], []
    for _, one in windows:
        for first, last in one.fold.blocks:
            inside = (table.days >= first) & (table.days <= last)
            own.append(table.daily[inside, one.chosen])
            base.append(table.base_daily[inside])
    apart = np.concatenate(own) - np.concatenate(base)
    difference, _ = stationary_mean(apart, seed)
    return {
        "num_windows": len(windows),
        "num_sets": int(known.sum()),
        **_flat("net_r_mean", estimate),
        "num_days": len(apart),
        **_flat("difference_r_day", difference),
        "num_different_choices": len({one.chosen for _, one in windows}),
    }


def _flat(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {
        name: plain(estimate.mean),
        f"{name}_low": plain(estimate.low),
        f"{name}_high": plain(estimate.high),
    }


def _day(number: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)).date().isoformat()
