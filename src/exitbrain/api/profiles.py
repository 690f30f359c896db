"""The five defaults and the stored profiles as one list, each with its score for a position."""

from __future__ import annotations

from typing import Any

from exitbrain.api.models.profiles import ProfileDetail, ProfileList, ProfileSummary, ProfileText, ProfileVersions
from exitbrain.api.problems import Refused
from exitbrain.config.profiles import Registration, dump_profiles, load_profiles
from exitbrain.core.market import known_regime
from exitbrain.core.registry import ANY, DEFAULTS, Mapping, ProfileRegistry
from exitbrain.errors import InvalidInput, Problem

ADDRESSES = ("performance", "preview")  # a profile of such a name could not be read back


def profile_list(bench: Any, symbol: str | None, strategy: str | None, regime: str | None) -> ProfileList:
    rows = {row["name"]: row for row in bench.store.profiles()}
    stored = {name: load_profiles(bench.store.profile(name)["content"]) for name in rows}
    asked = None if symbol is None and strategy is None and regime is None else (
        symbol or ANY, strategy or ANY, _regime(regime)
    )  # fmt: skip
    known = _defaults() | stored
    selected = None if asked is None else _registry(stored).select(*asked).profile.name
    return ProfileList(items=[_summary(name, known[name], rows.get(name), asked, selected) for name in known])


def profile_detail(bench: Any, name: str, version: int | None) -> ProfileDetail:
    row = bench.store.profile(name, version)
    defaults = _defaults()
    if row is None and (version is not None or name not in defaults):
        raise Refused(404, f"no profile {name!r}" + ("" if version is None else f" in version {version}"))
    own = defaults[name] if row is None else load_profiles(row["content"])
    text = dump_profiles(own) if row is None else row["content"]
    return ProfileDetail(
        **_summary(name, own, row, None, None).model_dump(),
        text=text,
        profile=_content(own),
    )


def profile_versions(bench: Any, name: str) -> ProfileVersions:
    rows = bench.store.profile_history(name)
    if not rows and name not in _defaults():
        raise Refused(404, f"no profile {name!r}")
    return ProfileVersions.model_validate({"items": [dict(row) | {"text": row["content"]} for row in rows]})


def put_profile(bench: Any, name: str, asked: ProfileText) -> ProfileDetail:
    if name in ADDRESSES:
        raise Refused(
            422, f"{name} is an address of the API; accepted: another name", [{"field": "name", "message": name}]
        )
    bench.put_profile(name, asked.text, asked.note)
    return profile_detail(bench, name, None)


def stored_text(bench: Any, name: str) -> str | None:
    row = bench.store.profile(name)
    return None if row is None else row["content"]


def _defaults() -> dict[str, list[Registration]]:
    return {profile.name: [Registration(profile=profile, regime=regime.value)] for profile, regime in DEFAULTS}


def _registry(stored: dict[str, list[Registration]]) -> ProfileRegistry:
    """Every stored profile on top of the defaults; the later name wins a tie, as the later line of a file does."""
    registry = ProfileRegistry()
    for registrations in stored.values():
        for own in registrations:
            registry.register(own.profile, own.symbol, own.strategy_id, own.regime, replace=True)
    return registry


def _regime(word: str | None) -> str:
    if word is None or word == ANY:
        return ANY
    known = known_regime(word)
    if known is None:
        raise InvalidInput(Problem(found=f"regime is {word!r}", accepted="a regime, or *", at=("regime",)))
    return known.value


def _summary(
    name: str, own: list[Registration], row: Any, asked: tuple[str, str, str] | None, selected: str | None
) -> ProfileSummary:
    profile = own[0].profile
    mappings = [
        Mapping(profile=one.profile, symbol=one.symbol, strategy_id=one.strategy_id, regime=one.regime) for one in own
    ]
    scores = [] if asked is None else [score for one in mappings if (score := one.score(*asked)) is not None]
    return ProfileSummary.model_validate(
        {
            "name": name,
            "source": "default" if row is None else "stored",
            "description": profile.description or None,
            "version": None if row is None else row["version"],
            "updated_at": None if row is None else row["created_at"],
            "keys": [{"symbol": m.symbol, "strategy_id": m.strategy_id, "regime": m.regime} for m in mappings],
            "num_tp_legs": len(profile.tp_legs),
            "has_trailing": profile.trailing is not None or profile.atr_trail is not None,
            "score": max(scores, default=None),
            "selected": name == selected,
        }
    )


def _content(own: list[Registration]) -> dict[str, Any]:
    import yaml

    return dict(yaml.safe_load(dump_profiles(own[:1]))["profiles"][0])
