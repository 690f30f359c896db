"""TradeSets as trade_sets.json holds them, the ladder they ran under, and the deprecated pair."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from exitbrain.api.models.shapes import Amount, Answer, FacetCount, Page, Side, Time


class TradeLeg(Answer):
    leg_id: str
    side: str = Field(description="buy or sell.")
    qty: Amount
    price: Amount
    fees: Amount
    timestamp: Time
    trigger_id: str | None
    category: str | None
    reason: str | None
    is_entry: bool
    exit_fraction: float | str | None
    wac_at_fill: Amount | None
    realized_pnl: Amount | None
    position_after: Amount | None
    r_multiple: float | None


class PairedTrade(Answer):
    """The row of old: one entry, one exit. Deprecated; a TradeSet shows the same and more."""

    symbol: str
    side: str
    entry_trigger: str | None
    exit_trigger: str | None
    entry_timestamp: Time
    exit_timestamp: Time
    entry_price: Amount
    exit_price: Amount
    qty: Amount
    fees: Amount
    pnl: Amount
    hold_duration: int | float = Field(description="Seconds.")
    risk: Amount | None
    r_multiple: float | None


class TradeSetRow(Answer):
    """A collapsed row."""

    set_id: str
    symbol: str
    side: Side
    timeframe: str
    opened_at: Time
    closed_at: Time | None
    pnl_realized_total: Amount
    fees_total: Amount
    funding_total: Amount
    pnl_net: Amount
    initial_risk: Amount | None
    r_multiple: float | None
    mfe_r: float | None
    mae_r: float | None
    num_legs: int
    num_entries: int
    num_exits: int
    avg_entry_price: Amount | None
    avg_exit_price: Amount | None
    max_exposure_quantity: Amount
    max_exposure_notional: Amount
    hold_duration: int | float | None = Field(description="Seconds; null while open.")
    entry_triggers: list[str]
    exit_triggers: list[str]
    profile: str | None
    regime: str | None
    strategy_id: str | None
    reasons: list[str] = Field(description="Distinct reasons of its legs, in order.")
    left_by: str | None = Field(description="Reason of its last exit.")
    paired: PairedTrade | None = Field(None, description="Where the set has one entry and one exit.")
    legs: list[TradeLeg] | None = Field(None, description="With `legs=true` and in a set's own page.")


class TradeSetFacets(Answer):
    """How many sets each choice would leave, the other filters as they are."""

    symbol: list[FacetCount]
    side: list[FacetCount]
    reason: list[FacetCount]
    category: list[FacetCount]
    regime: list[FacetCount]
    profile: list[FacetCount]


class TradeSetPage(Page[TradeSetRow]):
    facets: TradeSetFacets


class PlanLeg(Answer):
    kind: str = Field(description="TP, SL, TRAIL or EMERGENCY.")
    order: str | None
    index: int | None
    r: float | None
    price: Amount | None
    qty: Amount | None
    status: str = Field(description="hit, cancelled or pending.")
    filled_at: Time | None


class StopStep(Answer):
    """From `time` on the stop stood at `price`."""

    time: Time
    price: Amount
    kind: str = Field(description="What would have filled there: stop_loss, trailing_stop, breakeven_stop, …")


class Ladder(Answer):
    profile: str | None
    regime: str | None
    strategy: str | None
    strategy_id: str | None
    initial_stop: Amount | None
    risk_per_unit: Amount | None
    entry_price: Amount | None
    legs: list[PlanLeg]
    stop_path: list[StopStep]
    notes: list[Any]


class CandleHint(Answer):
    """The window of candles that shows the set with room around it."""

    start: Time
    end: Time
    timeframe: str


class TradeSetDetail(TradeSetRow):
    multiplier: Amount | None
    adjustments: list[dict[str, Any]]
    funding: list[dict[str, Any]]
    plan: Ladder | None
    window: CandleHint
    previous: str | None = Field(description="set_id of the set before it in the run.")
    next: str | None


class PairedTradePage(Page[PairedTrade]):
    pass
