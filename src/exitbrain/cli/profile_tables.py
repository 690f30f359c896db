"""What `exitbrain profiles` prints: mappings, one profile in R, a checked file, the candidates for a position."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from exitbrain.cli.ladder_picture import ladder_picture
from exitbrain.cli.terminal import console, print_json, sentences, show, table
from exitbrain.core.choosing import ProfilePolicy
from exitbrain.core.ladder import compile_ladder
from exitbrain.core.market import Instrument, known_regime
from exitbrain.core.names import unknown_name
from exitbrain.core.numbers import decimal_of, fraction_of
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import DEFAULTS, Mapping, ProfileRegistry
from exitbrain.errors import InvalidInput
from exitbrain.wiring.ladder_words import ladder_sentences, r_short, share_text

if TYPE_CHECKING:
    from exitbrain.config.profiles import Registration

R_UNIT = Decimal("1e-9")  # the ladder of a profile alone is in R; no level is rounded at a billionth of it


def print_mappings(profiles: str | None, *, as_json: bool) -> None:
    mappings = list(_registry(profiles))
    if as_json:
        print_json([_mapping_json(mapping) for mapping in mappings])
        return
    columns = [("profile", False), ("for", False), ("targets", False), ("trail", False)]
    rows = [[m.profile.name, for_text(m), targets_text(m.profile), trail_text(m.profile)] for m in mappings]
    show(console(), table(columns, rows))


def print_profile(name: str, profiles: str | None, *, as_json: bool) -> None:
    registry = _registry(profiles)
    profile = _named(registry, name)
    used = [mapping for mapping in registry if mapping.profile.name == profile.name]
    if as_json:
        print_json({**profile_json(profile), "mappings": [_mapping_json(mapping) for mapping in used]})
        return
    out = console()
    lot = Decimal(1).scaleb(min(_exponent(leg.size_fraction) for leg in profile.tp_legs))
    instrument = Instrument(symbol="R", tick_size=R_UNIT, lot_size=min(lot, Decimal(1)))
    lots = instrument.lots_down(1)
    ladder = compile_ladder(profile, instrument, 1, Fraction(0), -int(1 / R_UNIT), lots)
    for_whom = ", ".join(map(for_text, used))
    head = f"{profile.name}{': ' if profile.description else ''}{profile.description}\nfor {for_whom}"

    show(
        out,
        head,
        ladder_picture(ladder, profile, lots, None, min(out.width, 120)),
        sentences(ladder_sentences(ladder, profile, lots, None), out.width) or None,
    )


def print_checked(file: str, *, as_json: bool) -> None:
    from exitbrain.config.profiles import load_profiles, registry_from

    registrations = load_profiles(file)
    registry_from(registrations)
    if as_json:
        print_json({"file": file, "profiles": [profile_json(own.profile) for own in registrations]})
        return
    count = len(registrations)
    columns = [("line", True), ("profile", False), ("for", False), ("targets", False), ("trail", False)]
    rows = [
        [str(own.line or ""), own.profile.name, for_text(own), targets_text(own.profile), trail_text(own.profile)]
        for own in registrations
    ]
    found = f"{file}: {count} profile{'' if count == 1 else 's'}, no fault"
    show(console(), found, table(columns, rows) if rows else None)


def print_selection(
    symbol: str, strategy: str, regime: str, features: list[str], profiles: str | None, *, as_json: bool
) -> None:
    registry = _registry(profiles)
    values = _values(features, registry.policy)
    word = known_regime(regime)
    if word is None:
        raise InvalidInput(unknown_name(regime, [mapping.regime for mapping in registry], "regime"))
    chosen = registry.choose(symbol, strategy, word, values)
    ranked = registry.candidates(symbol, strategy, word)
    if as_json:
        print_json(
            {
                "symbol": symbol,
                "strategy_id": strategy,
                "regime": word.value,
                "selected": chosen.profile.name,
                "score": chosen.score,
                "candidates": [{"score": score, **_mapping_json(mapping)} for score, mapping in ranked],
                "policy": None if registry.policy is None else _policy_json(registry.policy, values),
            }
        )
        return
    if registry.policy is not None:
        show(console(), _policy_table(registry.policy, values, chosen.profile), str(chosen))
        return
    columns = [("score", True), ("", False), ("profile", False), ("for", False), ("targets", False)]
    show(console(), table(columns, list(_candidate_rows(ranked))) if ranked else None, str(chosen))


def _values(given: list[str], policy: ProfilePolicy | None) -> dict[str, float | None]:
    """NAME=VALUE of features that the policy looks at."""
    values: dict[str, float | None] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if policy is None:
            raise InvalidInput(f"feature {name} without a policy", accepted="a profiles file with a policy")
        if name not in policy.names:
            raise InvalidInput(f"the policy does not look at {name}", accepted=f"one of {', '.join(policy.names)}")
        try:
            values[name] = float(text)
        except ValueError:
            raise InvalidInput(f"feature {one}", accepted="NAME=VALUE, the value a number") from None
        if not equals or values[name] in (float("inf"), float("-inf")) or values[name] != values[name]:
            raise InvalidInput(f"feature {one}", accepted="NAME=VALUE, the value a number")
    return values


def _policy_json(policy: ProfilePolicy, values: dict[str, float | None]) -> dict[str, Any]:
    expected = policy.expectations(values)
    return {
        "base": policy.base.name,
        "missing": [name for name in policy.names if name not in values],
        "expected_r": expected and {arm.profile.name: r for arm, r in zip(policy.arms, expected, strict=True)},
    }


def _policy_table(policy: ProfilePolicy, values: dict[str, float | None], chosen: TPProfile) -> RenderableType:
    """What each arm is expected to make; without all features the base, and which are missing."""
    expected = policy.expectations(values)
    if expected is None:
        missing = ", ".join(name for name in policy.names if name not in values)
        return f"the policy chooses its base, {policy.base.name}: no value of {missing}"
    rows = [
        [f"{r:+.3f}", "wins" if arm.profile == chosen else "", arm.profile.name, targets_text(arm.profile)]
        for r, arm in sorted(zip(expected, policy.arms, strict=True), key=lambda row: -row[0])
    ]
    return table([("expected R", True), ("", False), ("profile", False), ("targets", False)], rows)


def _candidate_rows(ranked: list[tuple[int, Mapping]]) -> Iterator[list[str | Text]]:
    for i, (score, m) in enumerate(ranked):
        style = "" if i else "bold green"
        cells = [str(score), "" if i else "wins", m.profile.name, for_text(m), targets_text(m.profile)]
        yield [Text(cell, style=style) for cell in cells]


def _registry(file: str | None) -> ProfileRegistry:
    if file is None:
        return ProfileRegistry()
    from exitbrain.config.profiles import load_registry

    return load_registry(file)


def _named(registry: ProfileRegistry, name: str) -> TPProfile:
    known = registry.profiles
    found = {own.casefold(): own for own in known}.get(name.casefold())
    if found is None:
        raise InvalidInput(unknown_name(name, known, "profile"))
    return known[found]


def _exponent(value: object) -> int:
    """The power of ten of the last digit as it is written."""
    exponent = decimal_of(value).as_tuple().exponent
    assert isinstance(exponent, int), value
    return exponent


def for_text(mapping: Mapping | Registration) -> str:
    """symbol/strategy/regime, as in the log"""
    return f"{mapping.symbol}/{mapping.strategy_id}/{mapping.regime}"


def targets_text(profile: TPProfile) -> str:
    """0.5R 15% soft, 1R 20%, 2R 30%"""
    return ", ".join(
        f"{r_short(fraction_of(leg.r_multiple))} {share_text(fraction_of(leg.size_fraction))}"
        + (" soft" if leg.kind == "SOFT" else "")
        for leg in profile.tp_legs
    )


def trail_text(profile: TPProfile) -> str:
    own = profile.trailing
    if own is None:
        return "none"
    if profile.atr_trail is not None:
        return f"{profile.atr_trail.mult} ATR at {r_short(fraction_of(own.activation_r))}"
    return f"{share_text(fraction_of(own.callback_pct))} at {r_short(fraction_of(own.activation_r))}"


def _mapping_json(mapping: Mapping) -> dict[str, Any]:
    return {
        "name": mapping.profile.name,
        "symbol": mapping.symbol,
        "strategy_id": mapping.strategy_id,
        "regime": mapping.regime,
        "default": any(mapping.profile is profile for profile, _ in DEFAULTS),
        "profile": profile_json(mapping.profile),
    }


def profile_json(profile: TPProfile) -> dict[str, Any]:
    """A profile in the keys of a profiles file; options that are off are left out."""
    trailing = profile.trailing
    made: dict[str, Any] = {
        "name": profile.name,
        "description": profile.description,
        "tp_legs": [
            {
                "r_multiple": float(leg.r_multiple),
                "size_fraction": float(leg.size_fraction),
                "kind": leg.kind.value,
            }
            for leg in profile.tp_legs
        ],
        "trailing": None
        if trailing is None
        else {
            "callback_pct": float(trailing.callback_pct),
            "activation_r": float(trailing.activation_r),
            "tightening_curve": [[float(r), float(callback)] for r, callback in trailing.tightening_curve],
        },
    }
    return made | _options_json(profile)


def _options_json(profile: TPProfile) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if profile.stop_moves:
        made["stop_moves"] = [
            {"after_leg": move.after_leg, "to": _to_json(move.to), "fees": move.fees} for move in profile.stop_moves
        ]
    if profile.time_stop is not None:
        own = profile.time_stop
        made["time_stop"] = {"bars": own.bars} if own.duration is None else {"duration": own.duration.total_seconds()}
    if profile.atr_trail is not None:
        made["atr_trail"] = {"period": profile.atr_trail.period, "mult": float(profile.atr_trail.mult)}
    if profile.adaptive is not None:
        made["adaptive"] = {"min": float(profile.adaptive.min), "max": float(profile.adaptive.max)}
    if profile.liquidity is not None:
        made["liquidity"] = {
            name: float(value)
            for name in ("max_spread_bps", "max_volume_share")
            if (value := getattr(profile.liquidity, name)) is not None
        }
    return made


def _to_json(to: Any) -> Any:
    return to if to in ("breakeven", "previous_target") else float(to)
