"""What can be asked of the store: filters, an order and a page. A question that makes no sense is bad input."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput, Problem

MOST_ROWS = 1000
LAST_PAGE = 10**9
LAST_TIME = 2**62
MOST_VALUES = 500

RUN_SORTS = (
    "created_at", "started_at", "finished_at", "status", "label", "timeframe", "start", "end", "bars", "num_sets",
    "net_pnl", "net_r", "net_r_mean", "win_rate", "max_drawdown", "run_id",
)  # fmt: skip
SET_SORTS = (
    "opened_at", "closed_at", "symbol", "side", "profile", "regime", "strategy_id", "left_by", "num_legs",
    "hold_seconds", "pnl_net", "fees_total", "r_multiple", "mfe_r", "mae_r", "initial_risk", "max_exposure_notional",
    "set_id",
)  # fmt: skip


class UnknownRun(InvalidInput):
    """The store holds no run of this id."""


class NotFinished(InvalidInput):
    """The run is there, its results are not."""


class Busy(InvalidInput):
    """The run is queued or running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of `total` rows. `facets` counts, for each field, the values among all rows that the filters leave."""

    rows: list[dict[str, Any]]
    total: int
    page: int
    page_size: int
    facets: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    status: tuple[str, ...] = ()
    symbol: str | None = None
    q: str | None = None
    kind: str | None = "backtest"
    sort: str = "-created_at"
    page: int = 1
    page_size: int = 50

    def __post_init__(self) -> None:
        check_page(self.page, self.page_size)
        check_sort(self.sort, RUN_SORTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQuery:
    """Values of one field are alternatives; fields must hold together. Times are microseconds since 1970."""

    symbol: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    regime: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    strategy: tuple[str, ...] = ()
    opened_from: int | None = None
    opened_to: int | None = None
    q: str | None = None
    min_r: float | None = None
    max_r: float | None = None
    sort: str = "opened_at"
    page: int = 1
    page_size: int = 50
    facets: bool = True
    legs: bool = False

    def __post_init__(self) -> None:
        check_page(self.page, self.page_size)
        check_sort(self.sort, SET_SORTS)
        for name in ("min_r", "max_r"):
            value = getattr(self, name)
            if value is not None and math.isnan(value):
                raise InvalidInput(Problem(found=f"{name} is no number", accepted="a number of R", at=(name,)))
        check_times(self, "opened_from", "opened_to")
        for name in ("symbol", "side", "reason", "category", "regime", "profile", "strategy"):
            check_values(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    reason: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    trigger_id: tuple[str, ...] = ()
    set_id: str | None = None
    time_from: int | None = None
    time_to: int | None = None
    page: int = 1
    page_size: int = 100

    def __post_init__(self) -> None:
        check_page(self.page, self.page_size)
        check_times(self, "time_from", "time_to")
        for name in ("reason", "kind", "category", "symbol", "trigger_id"):
            check_values(name, getattr(self, name))


def check_page(page: int, page_size: int) -> None:
    if not 1 <= page <= LAST_PAGE:
        raise InvalidInput(Problem(found=f"page is {page}", accepted="a page from 1", at=("page",)))
    if not 1 <= page_size <= MOST_ROWS:
        raise InvalidInput(Problem(found=f"page_size is {page_size}", accepted=f"1 to {MOST_ROWS}", at=("page_size",)))


def check_sort(sort: str, known: Iterable[str]) -> None:
    name = sort.removeprefix("-")
    if name not in known:
        told = unknown_name(name, known, "sort")
        raise InvalidInput(Problem(found=told.found, accepted=told.accepted, at=("sort",)))


def check_times(query: Any, *names: str) -> None:
    for name in names:
        value = getattr(query, name)
        if value is not None and abs(value) > LAST_TIME:
            raise InvalidInput(Problem(found=f"{name} is {value}", accepted="microseconds since 1970", at=(name,)))


def check_values(name: str, values: tuple[str, ...]) -> None:
    if len(values) > MOST_VALUES:
        found = f"{len(values)} values of {name}"
        raise InvalidInput(Problem(found=found, accepted=f"at most {MOST_VALUES}", at=(name,)))
