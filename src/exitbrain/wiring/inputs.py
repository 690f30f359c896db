"""What a run is given, read and bound together: candles, detail, funding, quotes, entries, plan, profiles, config.

All faults of the inputs are told before anything runs; nothing is written here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from exitbrain import candles as files
from exitbrain.backtesting.market import Market, with_detail
from exitbrain.backtesting.settings import EntryOrder, FundingPayment
from exitbrain.candles.frames import is_frame
from exitbrain.candles.timestamps import iso
from exitbrain.config.plans import read_plan
from exitbrain.config.profiles import Registration, load_registry, registry_from
from exitbrain.config.settings import InstrumentSettings, Settings, load_config
from exitbrain.core.given import of_kind
from exitbrain.core.intents import EntryTerms
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import plain
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.plan_rules import check_plan

MOST_LOTS = 10**12
FINEST_LOT_DECIMALS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input of a run: its role, its name without folders, and a hash of what it holds."""

    role: str
    name: str
    sha256: str
    path: str | None = None

    def to_dict(self) -> dict[str, str]:
        return {"role": self.role, "name": self.name, "sha256": self.sha256}


def folders_of(sources: Iterable[Source]) -> tuple[str, ...]:
    """The folders that the files among them lie in, each once."""
    return tuple(sorted({str(Path(one.path).absolute().parent) for one in sources if one.path}))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    markets: Mapping[str, Market]
    rows: Mapping[str, tuple[EntryOrder, ...]]
    funding: Mapping[str, tuple[FundingPayment, ...]]
    registry: ProfileRegistry
    settings: Settings
    plan: StrategyPlan | None
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    repairs: tuple[str, ...] = field(default=())


def gather(
    candles: Any,
    *,
    detail: Any = None,
    funding: Any = None,
    quotes: Any = None,
    entries: Any = None,
    plan: Any = None,
    profiles: Any = None,
    config: Any = None,
    repair: bool = False,
    environment: Mapping[str, str] | None = None,
    to_run: bool = True,
) -> RunInputs:
    """Read every input. Paths, frames, mappings and values of our own are taken alike. Raises InvalidInput.

    `to_run=False` is for looking back at a run, where nothing needs to open a position.
    """
    settings = load_config(config, environment)
    plan_file = None if plan is None or isinstance(plan, StrategyPlan) else read_plan(plan)
    bound_plan = plan if plan_file is None else plan_file.plan
    registry, profile_sources = _registry(profiles)
    series, sources, notes, repairs = _candles(candles, settings, repair=repair, role="candles")
    _known_instruments(settings, series, config)
    markets = {one.symbol: _market(one, settings, notes) for one in series}
    if detail is not None:
        markets = _detailed(markets, detail, settings, sources, notes)
    if quotes is not None:
        markets = _quoted(markets, quotes, sources, notes)
    payments = {} if funding is None else _funding(markets, funding, sources, notes)
    warnings = list(_blind_liquidity(registry, markets, settings))
    rows: dict[str, tuple[EntryOrder, ...]] = {}
    if entries is not None:
        rows = _entries(markets, entries, sources, warnings)
    elif to_run and (bound_plan is None or not bound_plan.triggers):
        raise InvalidInput(
            Problem(found="nothing opens a position", accepted="an entries file, or a plan with triggers")
        )
    if bound_plan is not None:
        check_plan(bound_plan, plan_file, markets, warnings)
    for role, given in (("plan", plan), ("config", config)):
        if given is not None:
            sources.append(_source(role, given))
    return RunInputs(
        markets=markets,
        rows=rows,
        funding=payments,
        registry=registry,
        settings=settings,
        plan=bound_plan,
        sources=(*sources, *profile_sources),
        notes=tuple(notes),
        warnings=tuple(warnings),
        repairs=tuple(repairs),
    )


def _blind_liquidity(registry: ProfileRegistry, markets: Mapping[str, Market], settings: Settings) -> Iterator[str]:
    """A liquidity option that has nothing to look at says so, once an option (spec P14)."""
    asked = [profile.liquidity for profile in registry.profiles.values() if profile.liquidity is not None]
    if any(one.max_volume_share is not None for one in asked):
        silent = [symbol for symbol, market in markets.items() if not market.has_volumes]
        if silent:
            yield f"liquidity.max_volume_share cuts nothing: no volumes in the candles of {', '.join(silent)}"
    if any(one.max_spread_bps is not None for one in asked) and settings.execution.spread_bps is None:
        silent = [symbol for symbol, market in markets.items() if not market.has_spread]
        if silent:
            yield (
                f"liquidity.max_spread_bps has no effect: no spread is known for {', '.join(silent)}; "
                "give quotes, or execution.spread_bps"
            )


# sources


def _source(role: str, given: Any) -> Source:
    """A file is hashed by its bytes, anything else by its content as text."""
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return Source(role=role, name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), path=str(path))
    text = json.dumps(given, sort_keys=True, default=str) if isinstance(given, Mapping) else repr(given)
    return Source(role=role, name=f"<{role}>", sha256=hashlib.sha256(text.encode()).hexdigest())


def _registry(profiles: Any) -> tuple[ProfileRegistry, list[Source]]:
    if profiles is None:
        return ProfileRegistry(), []
    if isinstance(profiles, ProfileRegistry):
        mappings = repr(list(profiles)) + ("" if profiles.policy is None else repr(profiles.policy))
        return profiles, [_source("profiles", {"registry": mappings})]
    if isinstance(profiles, TPProfile):
        profiles = [profiles]
    if isinstance(profiles, Iterable) and not isinstance(profiles, str | bytes | os.PathLike | Mapping):
        rows = [
            one
            if isinstance(one, Registration)
            else Registration(profile=of_kind(one, TPProfile, "profiles"), symbol="*", strategy_id="*", regime="*")
            for one in profiles
        ]
        return registry_from(rows), [_source("profiles", {"profiles": repr(rows)})]
    return load_registry(profiles), [_source("profiles", profiles)]


# candles and what goes with them


def read_once(candles: Any, settings: Settings, *, repair: bool) -> list[Any]:
    """Files of candles as they were read, so that several runs go over the same and none reads them again."""
    single = settings.instrument[0] if len(settings.instrument) == 1 else None
    read: list[Any] = []
    for one in candles if isinstance(candles, list | tuple) else [candles]:
        if isinstance(one, str | os.PathLike):
            tick = single.tick_size if single and repair else None
            one = files.read_candles(one, symbol=single.symbol if single else None, repair=repair, tick_size=tick)
        read.append(one)
    return read


def _candles(
    given: Any, settings: Settings, *, repair: bool, role: str
) -> tuple[list[files.Candles], list[Source], list[str], list[str]]:
    single = settings.instrument[0] if len(settings.instrument) == 1 else None
    series: list[files.Candles] = []
    sources: list[Source] = []
    notes: list[str] = []
    repairs: list[str] = []
    several = isinstance(given, list | tuple) and not isinstance(given, str)
    for one in given if several else [given]:
        if isinstance(one, files.Candles):
            series.append(one)
            sources.append(_source_of_arrays(role, one))
            continue
        symbol = single.symbol if single else None
        tick = single.tick_size if single else None
        if isinstance(one, files.CandleFile):
            read = one
        elif is_frame(one):
            read = files.candles_from_frame(one, symbol=symbol, repair=repair, tick_size=tick)
        elif not isinstance(one, str | os.PathLike):
            accepted = "the path of a file, a polars or pandas frame, or Candles"
            raise InvalidInput(Problem(found=f"{role} is a {type(one).__name__}", accepted=accepted))
        else:
            read = files.read_candles(one, symbol=symbol, repair=repair, tick_size=tick if repair else None)
        series.extend(read.candles)
        sources.append(Source(role=role, name=Path(read.source).name, sha256=read.sha256, path=read.source))
        notes.extend(read.notes)
        repairs.extend(read.repairs)
    seen: set[str] = set()
    for one in series:
        if one.symbol in seen:
            raise InvalidInput(Problem(found=f"candles of {one.symbol} twice", accepted="each symbol once"))
        seen.add(one.symbol)
    return series, sources, notes, repairs


def _source_of_arrays(role: str, candles: files.Candles) -> Source:
    digest = hashlib.sha256(f"{candles.symbol} {candles.timeframe} {candles.scale}".encode())
    for column in (candles.time, candles.open, candles.high, candles.low, candles.close, candles.volume):
        digest.update(np.ascontiguousarray(column).tobytes())
    return Source(role=role, name=candles.source or f"<{candles.symbol}>", sha256=digest.hexdigest())


def _known_instruments(settings: Settings, series: list[files.Candles], config: Any) -> None:
    known = {one.symbol for one in series}
    unknown = [row.symbol for row in settings.instrument if row.symbol is not None and row.symbol not in known]
    if unknown:
        raise InvalidInput(
            Problem(
                found=f"instrument.symbol is {unknown[0]}, the candles hold {', '.join(sorted(known))}",
                accepted="a symbol of the candles",
                file=str(config) if isinstance(config, str | os.PathLike) else None,
            )
        )


def _market(candles: files.Candles, settings: Settings, notes: list[str]) -> Market:
    row = settings.instrument_for(candles.symbol)
    tick = row.tick_size or files.inferred_tick(candles)
    columns = files.ticks(candles, tick)
    lot = row.lot_size or inferred_lot(settings.account.initial_cash, int(columns[2].min()) * tick)
    for name, given, used in (("tick_size", row.tick_size, tick), ("lot_size", row.lot_size, lot)):
        if given is None:
            notes.append(f"{candles.symbol}: instrument.{name} inferred as {plain(used)}")
    o, h, l, c = columns
    spread = candles.spread_bps
    if spread is None and candles.bid is not None and candles.ask is not None:
        spread = spread_bps(candles.bid, candles.ask)
    return Market(
        symbol=candles.symbol,
        instrument=_instrument(candles.symbol, row, tick, lot),
        timeframe=candles.timeframe,
        time=candles.time,
        open=o,
        high=h,
        low=l,
        close=c,
        volume=candles.volume,
        spread_bps=spread,
    )


def _instrument(symbol: str, row: InstrumentSettings, tick: Decimal, lot: Decimal) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick_size=tick,
        lot_size=lot,
        **{
            name: getattr(row, name)
            for name in (
                "min_quantity",
                "min_notional",
                "max_order_quantity",
                "closing_exempt",
                "multiplier",
                "maker_fee",
                "taker_fee",
            )
        },
    )


def inferred_lot(initial_cash: Decimal, lowest_price: Decimal) -> Decimal:
    """The finest power of ten ≥ 1e-8 at which cash ÷ lowest price is under 10**12 lots (spec Q2)."""
    for decimals in range(FINEST_LOT_DECIMALS, -40, -1):
        if initial_cash * Decimal(10) ** decimals < MOST_LOTS * lowest_price:
            return Decimal(1).scaleb(-decimals)
    raise InvalidInput(f"lowest price {lowest_price} is too small for initial_cash {initial_cash}")


def spread_bps(bid: Any, ask: Any) -> Any:
    """(ask − bid) ÷ mid in basis points."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ask - bid) / ((ask + bid) / 2) * 10_000


def _detailed(
    markets: dict[str, Market], detail: Any, settings: Settings, sources: list[Source], notes: list[str]
) -> dict[str, Market]:
    series, more, said, _ = _candles(detail, settings, repair=False, role="detail")
    sources.extend(more)
    notes.extend(said)
    result = dict(markets)
    for one in series:
        name = one.symbol
        if name not in markets and len(markets) == len(series) == 1:
            name = next(iter(markets))
        if name not in markets:
            found = f"detail candles of {one.symbol}"
            raise InvalidInput(Problem(found=found, accepted=f"one of {', '.join(markets)}", file=one.source))
        market = markets[name]
        if market.timeframe % one.timeframe or one.timeframe >= market.timeframe:
            raise InvalidInput(
                Problem(
                    found=f"detail bars of {one.timeframe // 1_000_000} s for bars of {market.timeframe // 1_000_000} s",
                    accepted="bars that divide the main ones",
                    file=one.source,
                )
            )
        columns = files.ticks(one, market.instrument.tick_size)
        result[name] = with_detail(market, one.time, columns, one.timeframe)
    return result


def _quoted(markets: dict[str, Market], quotes: Any, sources: list[Source], notes: list[str]) -> dict[str, Market]:
    """The spread of each bar: the last quote at or before its close."""
    if len(markets) != 1:
        raise InvalidInput(Problem(found="a quotes file for several symbols", accepted="candles of one symbol"))
    read = files.read_quotes(quotes)
    sources.append(Source(role="quotes", name=Path(read.source).name, sha256=read.sha256, path=read.source))
    notes.extend(read.notes)
    (symbol, market) = next(iter(markets.items()))
    last = np.searchsorted(read.time, market.time + market.timeframe, side="right") - 1
    spreads = spread_bps(read.bid, read.ask)
    column = np.where(last >= 0, spreads[np.maximum(last, 0)], np.nan)
    fields = {name: getattr(market, name) for name in market.__dataclass_fields__}
    return {symbol: Market(**(fields | {"spread_bps": column}))}


def _funding(
    markets: Mapping[str, Market], funding: Any, sources: list[Source], notes: list[str]
) -> dict[str, tuple[FundingPayment, ...]]:
    payments: dict[str, list[FundingPayment]] = {}
    for one in funding if isinstance(funding, list | tuple) else [funding]:
        read = files.read_funding(one)
        sources.append(Source(role="funding", name=Path(read.source).name, sha256=read.sha256, path=read.source))
        notes.extend(read.notes)
        outside = 0
        for i, time in enumerate(read.time.tolist()):
            for symbol in [read.symbol[i]] if read.symbol is not None else _only(markets, read.source):
                market = markets.get(symbol)
                bar = -1 if market is None else _funding_bar(market, time)
                if bar < 0:
                    outside += 1
                    continue
                payment = FundingPayment(bar=bar, rate=read.rate[i], mark_price=read.mark_price[i])
                payments.setdefault(symbol, []).append(payment)
        if outside:
            notes.append(f"{outside} funding settlements lie outside the candles and are left out")
    return {symbol: tuple(rows) for symbol, rows in payments.items()}


def _funding_bar(market: Market, time: int) -> int:
    """The bar that contains a settlement, in a hole the next one; -1 outside the candles."""
    bar = int(np.searchsorted(market.time + market.timeframe, time, side="right"))
    return bar if bar < len(market) and time >= int(market.time[0]) else -1


def _only(markets: Mapping[str, Market], source: str) -> list[str]:
    if len(markets) != 1:
        found = "funding without a symbol column for several symbols"
        raise InvalidInput(Problem(found=found, accepted="a symbol column", file=source))
    return list(markets)


# entries


def _entries(
    markets: Mapping[str, Market], entries: Any, sources: list[Source], warnings: list[str]
) -> dict[str, tuple[EntryOrder, ...]]:
    entries = _as_rows(entries)
    rows = files.read_entries(entries)
    name = os.fspath(entries) if isinstance(entries, str | os.PathLike) else "<entries>"
    if isinstance(entries, str | os.PathLike):
        sources.append(_source("entries", entries))
    else:
        sources.append(Source(role="entries", name=name, sha256=hashlib.sha256(repr(rows).encode()).hexdigest()))
    orders: dict[str, list[EntryOrder]] = {symbol: [] for symbol in markets}
    outside = 0
    for row in rows:
        symbol = row.symbol if row.symbol is not None else (next(iter(markets)) if len(markets) == 1 else None)
        market = markets.get(symbol or "")
        if market is None:
            found = f"symbol {row.symbol!r}" if row.symbol else "no symbol"
            accepted = f"one of {', '.join(markets)}"
            raise InvalidInput(Problem(found=found, accepted=accepted, file=name, line=row.row))
        if row.time < int(market.time[0]) or row.time > int(market.time[-1]):
            outside += 1
            side = "before the first bar" if row.time < int(market.time[0]) else "past the last bar"
            # run.json holds warnings, and the same inputs give the same bytes wherever they lie.
            warnings.append(f"{Path(name).name}:{row.row}: {iso(row.time)} {market.symbol} is {side}; not taken")
            continue
        orders[market.symbol].append(_order(row, market))
    if outside == len(rows):
        spans = "; ".join(f"{m.symbol} {iso(int(m.time[0]))} to {iso(int(m.time[-1]))}" for m in markets.values())
        raise InvalidInput(
            Problem(found=f"none of {len(rows)} entries lies inside the candles", accepted=spans, file=name)
        )
    return {symbol: tuple(sorted(own, key=lambda one: (one.bar, one.row))) for symbol, own in orders.items() if own}


def _as_rows(entries: Any) -> Any:
    """A path or a frame as it is, a list of mappings as a frame of texts."""
    if isinstance(entries, str | os.PathLike) or is_frame(entries):
        return entries
    if isinstance(entries, list | tuple) and entries and all(isinstance(row, Mapping) for row in entries):
        import polars as pl

        names = list(dict.fromkeys(str(name) for row in entries for name in row))
        texts = {name: [None if row.get(name) is None else str(row[name]) for row in entries] for name in names}
        return pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))
    accepted = "the path of a file, a polars or pandas frame, or a list of mappings"
    raise InvalidInput(Problem(found=f"entries is a {type(entries).__name__}", accepted=accepted))


def _order(row: files.EntryRow, market: Market) -> EntryOrder:
    terms = EntryTerms(
        side=1 if row.side == "long" else -1,
        quantity=row.quantity,
        notional=row.notional,
        risk=row.risk,
        stop_price=row.stop_price,
        stop_loss_pct=row.stop_loss_pct,
        strategy_id=row.strategy_id,
    )
    return EntryOrder(bar=market.bar_at_or_after(row.time), row=row.row, tag=row.tag or "entry", terms=terms)
