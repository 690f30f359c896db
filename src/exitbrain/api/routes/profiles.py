"""The registry with versions, ladders to look at, and how profiles did."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from exitbrain.api.asked import Bench, ProfileName, Text, Words
from exitbrain.api.models.profiles import (
    Preview,
    PreviewRequest,
    ProfileDetail,
    ProfileList,
    ProfilePerformanceList,
    ProfileText,
    ProfileVersions,
)
from exitbrain.api.performance import profile_performance
from exitbrain.api.preview import preview
from exitbrain.api.problems import documented
from exitbrain.api.profiles import profile_detail, profile_list, profile_versions, put_profile, stored_text

router = APIRouter(prefix="/api/profiles", tags=["profiles"])


@router.get("", operation_id="list_profiles")
def list_profiles(bench: Bench, symbol: Text = None, strategy: Text = None, regime: Text = None) -> ProfileList:
    """Defaults and stored profiles, with the score of each for a position of this symbol, strategy and regime."""
    return profile_list(bench, symbol, strategy, regime)


@router.post("/preview", operation_id="preview_profile", responses=documented(404))
def preview_profile(asked: PreviewRequest, bench: Bench) -> Preview:
    """The ladder that a profile draws for one entry. Nothing is kept."""
    return preview(asked, partial(stored_text, bench))


@router.get("/performance", operation_id="profile_performance", responses=documented(404, 503))
def read_performance(
    bench: Bench,
    run: Words = [],  # noqa: B006
    symbol: Text = None,
    strategy: Text = None,
    regime: Text = None,
    profile: Text = None,
) -> ProfilePerformanceList:
    """Per profile and regime over the closed sets of finished runs; `run` names some, none means all."""
    return profile_performance(bench, run, symbol=symbol, strategy_id=strategy, regime=regime, profile=profile)


@router.get("/{name}", operation_id="read_profile", responses=documented(404))
def read_profile(
    name: ProfileName, bench: Bench, version: Annotated[int | None, Query(ge=1, le=1_000_000_000)] = None
) -> ProfileDetail:
    return profile_detail(bench, name, version)


@router.put("/{name}", operation_id="put_profile", responses=documented(409))
def write_profile(name: ProfileName, asked: ProfileText, bench: Bench) -> ProfileDetail:
    """Store a version. A text equal to the latest makes none."""
    return put_profile(bench, name, asked)


@router.get("/{name}/versions", operation_id="list_profile_versions", responses=documented(404))
def list_profile_versions(name: ProfileName, bench: Bench) -> ProfileVersions:
    """The newest first; nothing is ever taken out of the history."""
    return profile_versions(bench, name)
