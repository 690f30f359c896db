"""What a run makes in tens of thousands is what the plain way would make: decimals of steps, frozen values."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from decimal import Context, Decimal

import pytest

from exitbrain.core.decimals import multiples, repeated_multiples
from exitbrain.core.frozen import maker
from exitbrain.core.numbers import plain
from exitbrain.core.trade_sets import Adjustment

PLAIN = Context(prec=100)
STEPS = ("0.01", "0.10", "0.25", "1", "10", "1E+2", "1e-8", "0.00025", "3.50")
WHOLES = (0, 1, -1, 4, 10, 40, 99, -100, 12_345, 10**12, -(10**25) + 1)


@pytest.mark.parametrize("step", STEPS)
def test_a_multiple_is_the_exact_product_without_trailing_zeros_or_exponent(step: str) -> None:
    for whole in WHOLES:
        value = multiples(Decimal(step))(whole)
        assert value == PLAIN.multiply(Decimal(whole), Decimal(step))
        assert str(value) == plain(value) or value.adjusted() < -6
        assert (
            value.as_tuple() == repeated_multiples(Decimal(step))(whole).as_tuple() == Decimal(plain(value)).as_tuple()
        )


def test_a_value_made_quickly_is_the_value_itself() -> None:
    fields = {"timestamp": datetime(2024, 1, 1, tzinfo=UTC), "amount": Decimal(1), "reason": "funding"}
    made, written = maker(Adjustment)(**fields), Adjustment(**fields)
    assert type(made) is Adjustment
    assert (made, hash(made), repr(made)) == (written, hash(written), repr(written))
    assert pickle.loads(pickle.dumps(made)) == replace(made) == written
    with pytest.raises(FrozenInstanceError):
        made.amount = Decimal(2)
    with pytest.raises(TypeError):
        maker(Adjustment)(amount=Decimal(1))
