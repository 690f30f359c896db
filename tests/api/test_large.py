"""What a run page asks for often does not read every set of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from exitbrain.store import Store

from .worlds import World, copied, finished, request

OFTEN = (
    "results",
    "paired_trades",
    "paired_trades?page=2&page_size=3",
    "events",
    "trade_sets?reason=stop_loss",
    "equity",
)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def refuse() -> None:
        def read(*_: Any, **__: Any) -> Any:
            raise AssertionError("all sets are read")

        for name in ("all_trade_sets", "plans", "outcomes"):
            monkeypatch.setattr(Store, name, read)

    return refuse


@pytest.mark.parametrize("path", OFTEN)
def test_no_answer_reads_all_sets(path: str, client: TestClient, world: World, unread: Callable[[], None]) -> None:
    before = client.get(f"/api/runs/{world.first}/{path}")
    unread()
    assert client.get(f"/api/runs/{world.first}/{path}").json() == before.json()


def test_one_decision_reads_the_sets_around_it(client: TestClient, world: World, unread: Callable[[], None]) -> None:
    rows = client.get(f"/api/runs/{world.first}/decisions", params={"page_size": 50}).json()["items"]
    unread()
    for row in rows[::7]:
        path = f"/api/runs/{world.first}/decisions/{row['time']}"
        told = client.get(path, params={"symbol": row["symbol"]})
        assert told.status_code == 200 and row["trigger_id"] in {one["trigger_id"] for one in told.json()["candidates"]}


def test_results_that_were_kept_are_those_that_are_reckoned(world: World, tmp_path: Any) -> None:
    with copied(world, tmp_path / "home") as own:
        place = own.bench.home.answers / f"{own.first}.json"
        kept = own.bench.results(own.first)
        assert place.is_file(), "the worker kept them"
        for text in (None, "{", "[]", '{"version": "0"}'):
            place.unlink() if text is None else place.write_text(text)
            assert own.bench.results(own.first) == kept, text
        asked = request(label="gone", config={"seed": 12})
        run_id = finished(own.bench, asked)
        own.bench.results(run_id)
        own.bench.delete(run_id)
        assert not (own.bench.home.answers / f"{run_id}.json").exists()
