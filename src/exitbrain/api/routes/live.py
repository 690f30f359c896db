"""The live monitor: what it shows, and what operators ask of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.params import Depends

from exitbrain.api.answers import TABLE, table_file
from exitbrain.api.asked import Bench, Format, Text, Words
from exitbrain.api.confirming import SECONDS
from exitbrain.api.following import EventStream
from exitbrain.api.models.live import (
    Command,
    CommandList,
    FlattenPreview,
    FlattenPreviewRequest,
    FlattenRequest,
    KillRequest,
    KillState,
    LatchRequest,
    LatchState,
    LiveEventList,
    LiveOrder,
    LiveOrderList,
    LiveState,
    PositionList,
)
from exitbrain.api.problems import documented
from exitbrain.api.watching import EVENTS, live_state, live_stream

router = APIRouter(prefix="/api", tags=["live"])

EventNumber = Annotated[int | None, Query(ge=0, le=2**53, description="The seq of an event.")]
IdempotencyKey = Annotated[str | None, Header(include_in_schema=False)]
FLAT = ("entry_price", "mark_price", "unrealized_pnl", "r", "epoch", "opened_at", "policy", "managed", "mode",
        "stop_price", "stop_kind")  # fmt: skip
POSITION_COLUMNS = ("key", "symbol", "side", "quantity", *FLAT, "protection_state", "covered", "naked_seconds",
                    "disaster_price", "trail_level", "plan", "profile", "rungs_filled", "rungs", "target_quantity",
                    "target_cause")  # fmt: skip
WORDLESS = KillRequest()
EVENT_COLUMNS = ("seq", "at", "kind", "key", "text", "body")


def operator_of(bench: Bench) -> Any:
    from exitbrain.wiring.live.operating import Operator
    from exitbrain.wiring.live.switch import KillSwitch

    return Operator(bench.store, KillSwitch(bench.home.folder))


Operating = Annotated[Any, Depends(operator_of)]


@router.get("/live", operation_id="read_live")
def read_live(operator: Operating) -> LiveState:
    """The monitor, the latch and the kill switch."""
    return LiveState.model_validate(live_state(operator))


@router.get("/positions", operation_id="list_positions", response_model=PositionList, responses=TABLE)
def list_positions(operator: Operating, symbol: Text = None, format: Format = None) -> PositionList | Response:
    """Open positions as the monitor saw them last, by key."""
    rows = [one for one in operator.store.live_positions() if symbol in (None, one.get("symbol"))]
    if format == "csv":
        return table_file((_flat(row) for row in rows), POSITION_COLUMNS, format, "positions")
    if format is not None:
        return table_file(rows, (), format, "positions")
    return PositionList.model_validate({"monitor": operator.store.monitor(), "items": rows})


@router.get("/orders", operation_id="list_live_orders", response_model=LiveOrderList, responses=TABLE)
def list_live_orders(operator: Operating, key: Text = None, format: Format = None) -> LiveOrderList | Response:
    """Orders of ours that may rest at the venue, and those of others that were seen; `key` is a position's."""
    rows = [one for one in operator.store.live_orders() if key in (None, one.get("key"))]
    if format is not None:
        return table_file(rows, tuple(LiveOrder.model_fields), format, "orders")
    return LiveOrderList.model_validate({"monitor": operator.store.monitor(), "items": rows})


@router.get("/live/events", operation_id="list_live_events", response_model=LiveEventList, responses=TABLE)
def list_live_events(
    operator: Operating,
    kind: Words = [],  # noqa: B006
    key: Words = [],  # noqa: B006
    before: EventNumber = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    format: Format = None,
) -> LiveEventList | Response:
    """The newest that match, or those before one. The store keeps the newest 100,000; the journal keeps all."""
    from exitbrain.store import LiveEventQuery

    asked = LiveEventQuery(kind=tuple(kind), key=tuple(key), before=before, limit=1000 if format else limit)
    rows = operator.store.live_events(asked)
    if format is not None:
        return table_file(rows, EVENT_COLUMNS, format, "live_events")
    return LiveEventList.model_validate({"items": rows, "kinds": operator.store.live_event_kinds()})


@router.get(
    "/stream",
    operation_id="follow_live",
    response_class=EventStream,
    responses={
        200: {"description": "`live` with a LiveChange, `event` with a LiveEvent.", **EVENTS},
        **documented(503),
    },
)
async def follow_live(
    operator: Operating,
    after: EventNumber = None,
    last_event_id: Annotated[str | None, Header(max_length=16, pattern=r"^[0-9]*$")] = None,
) -> Response:
    """Server-sent events without end: what happens after Last-Event-ID, else after `after`, else from now on."""
    return await live_stream(operator, int(last_event_id) if last_event_id else after)


@router.get("/latch", operation_id="read_latch")
def read_latch(operator: Operating) -> LatchState:
    """As the monitor told it last."""
    return LatchState.model_validate(operator.latch())


@router.post("/latch", status_code=202, operation_id="set_latch")
def set_latch(asked: LatchRequest, operator: Operating, idempotency_key: IdempotencyKey = None) -> Command:
    """Ask for the risk-off latch to be set or cleared. Without a monitor it is taken at the next start."""
    change = operator.set_latch if asked.action == "set" else operator.clear_latch
    given = {"place": asked.place, "note": asked.note, "key": _key("latch", idempotency_key)}
    return Command.model_validate(change(asked.by, **given))


@router.get("/kill", operation_id="read_kill")
def read_kill(operator: Operating) -> KillState:
    return KillState.model_validate(operator.killed())


@router.post("/kill", status_code=202, operation_id="kill", responses=documented(503))
def kill(operator: Operating, asked: KillRequest = WORDLESS, idempotency_key: IdempotencyKey = None) -> Command:
    """Turn the kill switch on: stops stay and are replaced, ladders and rules pause. The body may be left out."""
    given = {"cause": asked.cause, "key": _key("kill", idempotency_key)}
    return Command.model_validate(operator.kill(asked.by, **given))


@router.post("/kill/resume", status_code=202, operation_id="resume", responses=documented(503))
def resume(operator: Operating, asked: KillRequest = WORDLESS, idempotency_key: IdempotencyKey = None) -> Command:
    """Turn the kill switch off. Needs the scope flatten. The body may be left out."""
    given = {"cause": asked.cause, "key": _key("resume", idempotency_key)}
    return Command.model_validate(operator.resume(asked.by, **given))


@router.post("/flatten/preview", operation_id="preview_flatten", responses=documented(404, 409))
def preview_flatten(asked: FlattenPreviewRequest, operator: Operating, request: Request) -> FlattenPreview:
    """What closing a position would do, and the word that consents to it. Needs the scope flatten."""
    seen = operator.preview(asked.position)
    confirm = request.app.state.confirmations.word(seen["state"])
    return FlattenPreview.model_validate(seen | {"confirm": confirm, "seconds": SECONDS})


@router.post("/flatten", status_code=202, operation_id="flatten", responses=documented(404, 409))
def flatten(asked: FlattenRequest, operator: Operating, request: Request) -> Command:
    """Close a position at market, as its preview showed it; the same word twice is one command. Scope flatten."""
    state = request.app.state.confirmations.state(asked.confirm)
    return Command.model_validate(operator.flatten(asked.position, state, asked.by, key=f"flatten {asked.confirm}"))


@router.get("/commands", operation_id="list_commands", response_model=CommandList, responses=TABLE)
def list_commands(
    operator: Operating, limit: Annotated[int, Query(ge=1, le=1000)] = 100, format: Format = None
) -> CommandList | Response:
    """What was asked of the monitor: who, when, and what became of it."""
    rows = operator.store.commands(limit)
    if format is not None:
        return table_file(rows, tuple(Command.model_fields), format, "commands")
    return CommandList.model_validate({"items": rows})


@router.get("/commands/{command_id}", operation_id="read_command", responses=documented(404))
def read_command(command_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")], operator: Operating) -> Command:
    return Command.model_validate(operator.store.command(command_id))


def _key(action: str, given: str | None) -> str | None:
    return None if given is None else f"{action} {given}"


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A position as a line of a table."""
    guarded, plan, target = (row.get(name) or {} for name in ("protection", "plan", "target"))
    rungs = plan.get("rungs") or []
    return {
        **{name: row.get(name) for name in ("key", "symbol", "side", "quantity", *FLAT)},
        "protection_state": guarded.get("state"),
        **{name: guarded.get(name) for name in ("covered", "naked_seconds", "disaster_price")},
        "trail_level": (row.get("trail") or {}).get("level"),
        "plan": plan.get("name"),
        "profile": plan.get("profile"),
        "rungs_filled": sum(rung.get("state") == "filled" for rung in rungs),
        "rungs": len(rungs),
        "target_quantity": target.get("quantity"),
        "target_cause": target.get("cause"),
    }
