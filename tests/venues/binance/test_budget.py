"""The rate limit: what is kept for exits, and the venue's word to wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exitbrain.venues.binance.asking import POSITIONS
from exitbrain.venues.binance.budget import MINUTE, Budget
from exitbrain.venues.binance.wire import Reply, Request

ASK = Request(method="GET", path=POSITIONS)
ORDER = Request(method="POST", path="/fapi/v1/order")


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=200))
def test_no_minute_spends_more_than_the_limit_and_questions_leave_the_reserve(steps: list[tuple[bool, float]]) -> None:
    budget, now = Budget(limit=40, reserve=0.5), 0.0
    spent: dict[float, int] = {}
    for urgent, later in steps:
        now += later
        request = ORDER if urgent else ASK
        before = budget.used
        if budget.wait(request, urgent=urgent, now=now) == 0:
            window = now - now % MINUTE
            spent[window] = spent.get(window, 0) + (1 if urgent else 5)
            assert urgent or spent[window] <= 20 or before <= 20
    assert all(weight <= 40 for weight in spent.values())


def test_exits_go_when_questions_have_to_wait() -> None:
    budget = Budget(limit=40, reserve=0.5)
    while budget.wait(ASK, urgent=False, now=1.0) == 0:
        pass
    assert budget.wait(ASK, urgent=False, now=1.0) == MINUTE - 1.0
    assert budget.wait(ORDER, urgent=True, now=1.0) == 0


def test_the_venues_count_and_its_word_to_wait_are_heeded() -> None:
    budget = Budget(limit=2400)
    budget.heard(Reply(status=200, headers={"X-MBX-USED-WEIGHT-1M": "2399"}), 5.0)
    assert budget.wait(ASK, urgent=False, now=5.0) > 0 and budget.left(5.0) == 1 / 2400
    budget.heard(Reply(status=429, headers={"Retry-After": "7"}), 70.0)
    assert budget.wait(ORDER, urgent=True, now=71.0) == 6.0
    assert budget.wait(ORDER, urgent=True, now=77.0) == 0
