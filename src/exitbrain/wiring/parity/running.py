"""A run's folder, its inputs found again, and the comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from exitbrain.core.live.events import Alert
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.inputs import RunInputs, gather
from exitbrain.wiring.parity.comparing import Compared, Verdict, compare
from exitbrain.wiring.parity.entering import run_again
from exitbrain.wiring.parity.playing import Playing
from exitbrain.wiring.run_files import RunFiles, read_run
from exitbrain.wiring.run_inputs import found
from exitbrain.wiring.settings import run_settings

MINUTE = 60_000_000
ROLES = ("candles", "detail", "funding", "quotes", "entries", "plan", "profiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """`unsettled` counts pieces of a bar's path after which not all that should rest did, though time enough passed."""

    run_id: str
    sets: tuple[Compared, ...]
    bars: int
    steps: int
    unsettled: int
    alerts: tuple[Alert, ...]

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(one.verdict.value for one in self.sets)
        return {verdict.value: counted[verdict.value] for verdict in Verdict}

    @property
    def holds(self) -> bool:
        return not self.counts[Verdict.DIFFERENT.value]


def parity_of(folder: str, given: Sequence[str] = (), folders: Sequence[str] = ()) -> Parity:
    """`given` are candle files that lie elsewhere now, `folders` where the other inputs do. InvalidInput where an input is missing, or the run cannot be
    played on one account."""
    files = read_run(folder)
    return parity_of_inputs(_inputs(files, list(given), folders), str(files.run.get("run_id")))


def parity_of_inputs(inputs: RunInputs, run_id: str = "") -> Parity:
    settings = run_settings(inputs.settings, inputs.plan)
    if settings.independent:
        raise InvalidInput("account.independent is true in this run", accepted="a run on one account, which nets")
    if settings.fill_at_close:
        raise InvalidInput(
            "execution.fill_at is close in this run", accepted="next_open: no order fills before it is sent"
        )
    shortest = min(market.finest for market in inputs.markets.values())
    if shortest < MINUTE:
        raise InvalidInput("bars shorter than a minute", accepted="1m or longer: requests take their time")
    again = run_again(inputs, settings)
    played = Playing(inputs, again).play()
    return Parity(
        run_id=run_id,
        sets=tuple(compare(again, played.fills, inputs.markets)),
        bars=sum(len(market) for market in inputs.markets.values()),
        steps=played.steps,
        unsettled=played.unsettled,
        alerts=tuple(alert for _, alert in played.alerts),
    )


def _inputs(files: RunFiles, candles: list[str], folders: Sequence[str]) -> RunInputs:
    paths: dict[str, list[str]] = {}
    missing: list[str] = []
    for role in ROLES:
        there, absent = found(files, role, candles if role == "candles" else [], folders)
        paths[role] = [str(one) for one in there]
        missing += absent
    if missing:
        raise InvalidInput(
            Problem(
                found=f"not found: {', '.join(missing)}", file=str(files.folder),
                accepted="the run's own inputs where it read them, in its folder, beside it or here; elsewhere by --inputs, candles by --candles",
            )
        )  # fmt: skip
    one = {role: paths[role][0] if paths[role] else None for role in ROLES[2:]}
    # The environment has spoken already: run.json holds the settings in full.
    return gather(
        paths["candles"], detail=paths["detail"] or None, config=dict(files.run["config"]), environment={},
        repair=bool(files.run.get("repairs")), **one,
    )  # fmt: skip
