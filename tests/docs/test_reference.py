"""The hand-written reference pages name everything that the code has, and nothing that it has not."""

from __future__ import annotations

import re

from exitbrain.core.arbiter import reason_of_loss
from exitbrain.core.guardrails import GUARDS
from exitbrain.core.intents import EntryTerms, Intent, Kind
from exitbrain.core.trade_sets import TradeSet

from .pages import ROOT

REFERENCE = ROOT / "docs" / "reference"
FILLS = [
    {
        "id": "1",
        "symbol": "X",
        "side": "buy",
        "qty": "1",
        "price": "10",
        "fee": "0",
        "timestamp": "2024-01-01T00:00:00Z",
    },
    {
        "id": "2",
        "symbol": "X",
        "side": "sell",
        "qty": "1",
        "price": "11",
        "fee": "0",
        "timestamp": "2024-01-01T01:00:00Z",
    },
]


def _section(page: str, title: str) -> str:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return re.split(r"^## ", text.split(f"## {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def _named(text: str) -> set[str]:
    return set(re.findall(r"[a-z]\w*", text))


def test_files_name_every_field_of_a_set_and_of_a_leg() -> None:
    (one,) = TradeSet.from_fills(FILLS)
    row = one.to_dict()
    assert set(row) <= _named(_section("files.md", "A TradeSet"))
    assert set(row["legs"][0]) <= _named(_section("files.md", "A TradeLeg"))


def _intent(kind: Kind) -> Intent:
    entry = EntryTerms(side=1) if kind is Kind.ENTRY else None
    return Intent(kind=kind, trigger_id=kind.value, category="other", entry=entry)


def test_events_name_every_guard_and_every_way_to_lose() -> None:
    text = (REFERENCE / "events.md").read_text(encoding="utf-8")
    ranks = list(Kind)
    lost = set()
    for winner in ranks:
        for loser in ranks:
            is_possible = winner is not Kind.ENTRY or loser is not Kind.EMERGENCY_EXIT
            if is_possible and (winner is Kind.ENTRY or _rank(winner) <= _rank(loser)):
                lost.add(reason_of_loss(_intent(winner), _intent(loser)))
    named = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert lost | set(GUARDS) <= named
    assert {name for name in named if "preempts" in name or "overrides" in name} == lost - {"outranked_by_peer"}


def _rank(kind: Kind) -> int:
    return (Kind.EMERGENCY_EXIT, Kind.RISK_OFF, Kind.RISK_REDUCE, Kind.NORMAL_EXIT, Kind.ENTRY).index(kind)


def test_metrics_name_every_key_of_a_run() -> None:
    from .small_run import metrics_of_a_small_run

    text = (REFERENCE / "metrics.md").read_text(encoding="utf-8")
    named: set[str] = set()
    for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE):
        first, *more = re.findall(r"`([^`]+)`", row)
        stem = first.rpartition(".")[0]
        named |= {first, *(stem + name if name.startswith(".") else name for name in more)}
    plain = {re.sub(r"^rung\.\d+\.", "rung.<n>.", key) for key in metrics_of_a_small_run()}
    plain = {
        re.sub(r"^(exit_reason|category)\.\w+\.", r"\1.<\1>.", key).replace("<exit_reason>", "<reason>")
        for key in plain
    }
    assert plain == named
