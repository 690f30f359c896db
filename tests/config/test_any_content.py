"""Whatever stands in a file, the loaders give a value or a refusal with words, never another error."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exitbrain.config.plans import PlanModel, TriggerModel, load_plan
from exitbrain.config.profiles import ProfileModel, ProfilesModel, load_profiles
from exitbrain.config.settings import Settings, load_config
from exitbrain.errors import InvalidInput

words = st.sampled_from(
    ["", "*", "1", "-1", "1e400", "on", "null", "BTC", "exit", "risk_off", "TREND", "4h", "HARD", "µ"]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.decimals(),
    words,
    st.sampled_from([Decimal("1e-900"), b"x", object(), 1j, {1, 2}]),
)
names = st.sampled_from(
    sorted(
        {
            name
            for model in (Settings, PlanModel, TriggerModel, ProfilesModel, ProfileModel)
            for name in model.model_fields
        }
    )
)
contents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


def mapping_of(model):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(model.model_fields, contents))


WORLDS = [
    (load_config, mapping_of(Settings)),
    (load_plan, st.fixed_dictionaries({"plan_id": words, "triggers": st.lists(mapping_of(TriggerModel), max_size=3)})),
    (load_plan, mapping_of(PlanModel)),
    (load_profiles, st.fixed_dictionaries({"profiles": st.lists(mapping_of(ProfileModel), max_size=3)})),
    (load_profiles, contents.filter(lambda content: not isinstance(content, str))),
]


@pytest.mark.parametrize("load, worlds", WORLDS, ids=range(len(WORLDS)))
def test_no_content_does_worse_than_a_refusal(load, worlds):
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(worlds)
    def hold(content):
        for source in (content, json.dumps(content, default=str, allow_nan=True) + "\n"):
            try:
                load(source)
            except InvalidInput as error:
                assert error.problems and all(problem.found.strip() for problem in error.problems)

    hold()
