"""What a live monitor shows, and what operators ask of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exitbrain.api.models.shapes import Amount, Answer, Asked, FacetCount, Loose, Side, Time

Protection = Literal["protected", "pending", "naked", "software", "unmanaged"]
CommandKind = Literal["kill", "resume", "flatten", "latch_set", "latch_clear", "mode"]
Who = Annotated[
    str,
    Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$", description="For the audit."),
]
Note = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
NAKED = "Seconds for which some of it had no stop at the venue."


class Monitor(Answer):
    """The last that began in this store."""

    monitor_id: str
    mode: str = Field(description="shadow, paper or live.")
    venue: str
    started_at: Time
    heartbeat_at: Time
    heartbeat_age: float = Field(description="Seconds since it was heard.")
    alive: bool = Field(description="It has not ended, and was heard within 15 s.")
    ended_at: Time | None
    ended_because: str | None
    config: Loose
    summary: Loose = Field(description="As the last heartbeat told it: naked_seconds_total, stream_age and others.")


class Trail(Answer):
    armed: bool | None = None
    level: Amount | None = None
    callback_pct: float | str | None = None


class ProtectionState(Answer):
    state: Protection
    covered: Amount | None = Field(None, description="How much of the quantity stops at the venue cover.")
    naked_seconds: float | None = Field(None, description=NAKED)
    disaster_price: Amount | None = None
    disaster_state: str | None = None


class LiveRung(Answer):
    leg: str | int | None = None
    reason: str | None = None
    price: Amount | None = None
    quantity: Amount | None = None
    soft: bool | None = None
    r_multiple: float | str | None = None
    state: Literal["placed", "pending", "filled", "cancelled"]
    filled: Amount | None = None
    order_id: str | None = None


class Runner(Answer):
    quantity: Amount | None = None
    state: str | None = None


class LivePlan(Answer):
    name: str | None = None
    profile: str | None = None
    source: str | None = None
    rungs: list[LiveRung] = Field(default_factory=list)
    runner: Runner | None = None


class LiveTarget(Answer):
    """What it is being brought down to."""

    quantity: Amount | None = None
    cause: str | None = None


class Position(Answer):
    key: str
    symbol: str
    side: Side
    quantity: Amount
    entry_price: Amount | None = None
    mark_price: Amount | None = None
    unrealized_pnl: Amount | None = None
    r: float | str | None = Field(None, description="What it has made, in R.")
    epoch: int | None = Field(None, description="Counts the lives of this key: flat to flat.")
    opened_at: Time | None = None
    policy: str | None = None
    managed: bool | None = None
    mode: str | None = None
    stop_price: Amount | None = None
    stop_kind: str | None = None
    trail: Trail | None = None
    protection: ProtectionState | None = None
    plan: LivePlan | None = None
    target: LiveTarget | None = None
    halted: bool | str | None = None


class LiveOrder(Answer):
    id: str
    key: str | None = None
    role: str | None = None
    leg: str | int | None = None
    kind: str | None = None
    side: str | None = None
    price: Amount | None = None
    quantity: Amount | None = None
    filled: Amount | None = None
    stage: str | None = None
    own: bool | None = None
    close_position: bool | None = None
    sent_at: Time | None = None


class LiveEvent(Answer):
    seq: int
    at: Time
    kind: str
    key: str | None
    text: str
    body: Loose


class Command(Answer):
    """What was asked of the monitor, by whom, and what became of it."""

    command_id: str
    kind: CommandKind
    body: Loose
    by: str
    at: Time
    finished_at: Time | None = Field(description="null: no monitor has taken it yet.")
    outcome: str | None
    detail: str | None


class PositionList(Answer):
    monitor: Monitor | None
    items: list[Position]


class LiveOrderList(Answer):
    monitor: Monitor | None
    items: list[LiveOrder]


class LiveEventList(Answer):
    """Oldest first."""

    items: list[LiveEvent]
    kinds: list[FacetCount]


class CommandList(Answer):
    """The newest first."""

    items: list[Command]


class LatchCause(Answer):
    place: str = Field(description="A symbol, or * for the portfolio.")
    cause: str
    at: Time | None = None


class LatchState(Answer):
    is_on: bool
    causes: list[LatchCause]
    pending: list[Command]


class KillState(Answer):
    """On: stops stay and are replaced, ladders and rules pause."""

    is_on: bool
    at: Time | None
    by: str | None
    cause: str | None
    pending: list[Command]


class LiveState(Answer):
    monitor: Monitor | None
    latch: LatchState
    kill: KillState


class LatchRequest(Asked):
    action: Literal["set", "clear"]
    place: Key = Field("*", description="A symbol, or * for the portfolio.")
    by: Who = "api"
    note: Note = ""


class KillRequest(Asked):
    by: Who = "api"
    cause: Note = ""


class FlattenPreviewRequest(Asked):
    position: Key = Field(description="Its key, or its symbol where that has one position.")


class FlattenPreview(Answer):
    position: Position
    venue: str
    orders: list[LiveOrder]
    steps: list[str] = Field(description="What will be done, in order.")
    confirm: str = Field(description="Consents to closing this position as it is shown here, for `seconds`.")
    seconds: int


class FlattenRequest(Asked):
    position: Key
    confirm: str = Field(min_length=1, max_length=200, description="The `confirm` of its preview.")
    by: Who = "api"


class LiveChange(Answer):
    """Data of the stream's `live` event: what changed since the last one."""

    state: LiveState
    positions: list[Position] = Field(description="Those that changed.")
    gone: list[str] = Field(description="Keys that are no position any more.")
