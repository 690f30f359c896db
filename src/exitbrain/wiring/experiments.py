"""Experiments: two arms over the same entries, replayed as a comparison of policies and judged once that is done.

The replay is a job of the workbench like any other (kind compare): every entry is its own position under each arm, on
its own path. When it is done, its sets are assigned, judged and kept in the store; the files of the replay are not
needed after that.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.analysis.assignment import assigned_arm, set_keys
from exitbrain.analysis.experiments import DECIDED, EXHAUSTED, Rule, Sets, judged
from exitbrain.config.documents import load_document
from exitbrain.config.faults import raise_problems
from exitbrain.config.policies import read_policy, settings_under
from exitbrain.config.settings import Settings, load_config
from exitbrain.core.instants import instant_of, iso
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store import DONE, UNDER_WAY, UnknownExperiment
from exitbrain.wiring.workbench.faults import FieldProblem, RequestRefused

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.wiring.workbench import Workbench

MICROSECONDS_PER_DAY = 86_400_000_000
RUNNING, STOPPED, FAILED = "running", "stopped", "failed"
BY_HAND = "stopped by hand"
ARM_PARTS = ("profiles", "config", "plan", "rewrite")
STOP_RULE = (
    "Stops at the end of the first UTC day at which the always-valid interval of the paired difference leaves out zero"
)


class Experiments:
    """Over one workbench; threads may share it."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.store = bench.store
        self._settling = threading.Lock()

    def create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Queue the replay. The same request is the same experiment, which is then read. Raises RequestRefused.

        `asked`: name; arms (two mappings of name, weight and what the arm changes: profiles, config, plan, rewrite);
        `inputs` of a run or `source_run`, whose entries are taken; alpha, salt, min_sets, max_sets, futility_margin.
        """
        inputs = self._inputs(asked)
        base = self._base(inputs.get("config"))
        policies = [self._policy(number, arm, base) for number, arm in enumerate(asked["arms"])]
        request = {**inputs, "kind": "compare", "policies": policies, "label": asked["name"]}
        content = {name: value for name, value in asked.items() if name != "arms"}
        content["arms"] = [{**policy, "weight": _weight(arm)} for policy, arm in zip(policies, asked["arms"])]
        run_id = self._submitted(request, validate_only=True)
        text = json.dumps([content, run_id], sort_keys=True, default=str)
        experiment_id = f"e{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        try:
            held = self.store.experiment(experiment_id)
        except UnknownExperiment:
            spec = {name: value for name, value in content.items() if name not in ("arms", "name")} | {"run_id": run_id}
            arms = [
                {"name": arm["name"], "weight": _weight(arm), **{part: arm.get(part) for part in ARM_PARTS}}
                for arm in asked["arms"]
            ]
            held = self.store.create_experiment(experiment_id, asked["name"], spec, arms)
        if held["result"] is None and held["status"] == RUNNING:
            self._submitted(request, validate_only=False)
        return self.read(experiment_id)

    def read(self, experiment_id: str) -> dict[str, Any]:
        return self._shown(self._settled(self.store.experiment(experiment_id)), is_whole=True)

    def page(self, page: int, page_size: int) -> dict[str, Any]:
        """The newest first."""
        held = self.store.experiments()
        rows = held[(page - 1) * page_size : page * page_size]
        items = [self._shown(self._settled(one), is_whole=False) for one in rows]
        return {"items": items, "page": page, "page_size": page_size, "total": len(held)}

    def stop(self, experiment_id: str) -> dict[str, Any]:
        """Without a verdict; one that is over stays what it is."""
        held = self._settled(self.store.experiment(experiment_id))
        if held["status"] == RUNNING:
            self.store.stop_experiment(experiment_id, BY_HAND)
            run = self.store.find_run(held["spec"]["run_id"])
            if run is not None and run["status"] in UNDER_WAY:
                self.bench.cancel(run["run_id"])
        return self.read(experiment_id)

    def sets(self, experiment_id: str) -> Iterator[dict[str, Any]]:
        """Every set with both arms' outcomes, in order of opening."""
        self._settled(self.store.experiment(experiment_id))
        for row in self.store.assignments(experiment_id):
            yield {"set": row["unit"], "arm": row["arm"], **row["outcome"]}

    def sets_page(self, experiment_id: str, page: int, page_size: int) -> dict[str, Any]:
        self._settled(self.store.experiment(experiment_id))
        found = self.store.assignment_page(experiment_id, page, page_size)
        items = [{"set": row["unit"], "arm": row["arm"], **row["outcome"]} for row in found.rows]
        return {"items": items, "page": page, "page_size": page_size, "total": found.total}

    # what is asked

    def _base(self, config: Any) -> Settings | None:
        """The settings that both arms share; None where they are at fault, which is told with the inputs."""
        try:
            return load_config(config, self.bench.environment)
        except InvalidInput:
            return None

    def _policy(self, number: int, arm: Mapping[str, Any], base: Settings | None) -> dict[str, Any]:
        """The arm as a policy of `compare`. Kept profiles are written out, so that later versions change nothing."""
        made: dict[str, Any] = {"name": arm["name"]}
        for part in ARM_PARTS:
            given = arm.get(part)
            if given is None:
                continue
            with _beside(f"arms.{number}.{part}"):
                made[part] = given if part == "rewrite" else self._content(part, given)
                if part == "config" and base is not None:
                    settings_under(read_policy({"name": arm["name"], "config": made[part]}), base)
        return made

    def _content(self, part: str, given: Any) -> Any:
        """Content, or a text of it: an arm names no file."""
        from exitbrain.wiring.workbench.requests import is_text, stored_profiles

        if part == "profiles" and isinstance(given, list):
            given = stored_profiles(self.store, given)
        elif isinstance(given, str) and not is_text(given):
            if part != "profiles":
                found = f"{part} is {given[:80]!r}"
                raise InvalidInput(Problem(found=found, accepted="the content, or a text of several lines"))
            given = stored_profiles(self.store, [given])
        document = load_document(given, wanted=part)
        raise_problems(document)
        return document.content

    def _inputs(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        given, source = asked.get("inputs"), asked.get("source_run")
        if (given is None) == (source is None):
            found = "neither inputs nor source_run" if given is None else "inputs and source_run together"
            raise RequestRefused(FieldProblem(field="inputs", message=found, accepted="one of the two"))
        if given is not None:
            return {name: value for name, value in given.items() if name != "label"}
        assert source is not None
        return self._of_run(source)

    def _of_run(self, source: str) -> dict[str, Any]:
        """The request of a run, its entries replaced by its entry fills."""
        run = self.store.find_run(source)
        if run is None or run["status"] != DONE or run["kind"] != "backtest":
            found = f"no finished backtest {source[:80]!r}"
            raise RequestRefused(FieldProblem(field="source_run", message=found, accepted="a run of the list"))
        if run["request"] is None:
            found = f"run {source} was made elsewhere, and what it was asked with is not kept"
            raise RequestRefused(
                FieldProblem(field="source_run", message=found, accepted="a run that was started here, or inputs")
            )
        if self.store.description(source)["config"]["execution"]["fill_at"] == "close":
            found = f"run {source} fills at the close, which no entry at an open could have known"
            raise RequestRefused(
                FieldProblem(field="source_run", message=found, accepted="a run with fill_at next_open")
            )
        rows = list(self._entry_rows(source))
        if not rows:
            raise RequestRefused(
                FieldProblem(field="source_run", message=f"run {source} holds no set", accepted="a run with sets")
            )
        kept = {name: value for name, value in run["request"].items() if name not in ("label", "kind", "paths")}
        return {**kept, "entries": rows}

    def _entry_rows(self, run_id: str) -> Iterator[dict[str, str]]:
        plans = self.store.plans(run_id)
        for one in self.store.all_trade_sets(run_id):
            plan = plans.get(one["set_id"]) or {}
            for leg in one["legs"]:
                if leg["is_entry"]:
                    yield {
                        "timestamp": leg["timestamp"],
                        "symbol": one["symbol"],
                        "side": one["side"],
                        "quantity": leg["qty"],
                        "stop_price": plan.get("initial_stop") or "",
                        "strategy_id": one["strategy_id"] or "",
                        "tag": leg["leg_id"],
                    }

    def _submitted(self, request: Mapping[str, Any], *, validate_only: bool) -> str:
        try:
            return self.bench.submit(request, validate_only=validate_only).run_id
        except RequestRefused as error:
            raise RequestRefused(*(_renamed(one) for one in error.errors)) from None

    # what came of it

    def _settled(self, held: dict[str, Any]) -> dict[str, Any]:
        """Judged, where its replay is done and it was not yet."""
        if held["status"] != RUNNING:
            return held
        run = self.store.find_run(held["spec"]["run_id"])
        if run is None or run["status"] != DONE:
            return held
        with self._settling:
            held = self.store.experiment(held["experiment_id"])
            if held["status"] == RUNNING:
                try:
                    self._judge(held)
                except Unavailable:  # its files are gone: `_state` says so, and the list of the others is still shown
                    return held
        return self.store.experiment(held["experiment_id"])

    def _judge(self, held: Mapping[str, Any]) -> None:
        experiment_id, spec, arms = held["experiment_id"], held["spec"], held["arms"]
        names = (arms[0]["name"], arms[1]["name"])
        frame = self.bench.frame(spec["run_id"], "compare.parquet")
        rows = list(_rows(frame, names))
        weights = [Fraction(arm["weight"]) for arm in arms]
        keys = set_keys((row["symbol"], row["side"], row["opened_at"]) for row in rows)
        hashed = f"{experiment_id}{spec.get('salt') or ''}"
        chosen = [assigned_arm(hashed, key, weights) for key in keys]
        self.store.add_assignments(
            experiment_id,
            ({"unit": key, "arm": names[arm], "outcome": row} for key, arm, row in zip(keys, chosen, rows)),
        )
        known = [(row, arm) for row, arm in zip(rows, chosen) if row["difference_r"] is not None]
        sets = Sets(
            opened_at=np.array([row["time"] for row, _ in known], dtype=np.int64),
            first_r=np.array([row["first_r"] for row, _ in known], dtype=np.float64),
            second_r=np.array([row["second_r"] for row, _ in known], dtype=np.float64),
            arm=np.array([arm for _, arm in known], dtype=np.int64),
        )
        result = judged(sets, _rule(spec), names, float(weights[0] / sum(weights)))
        about = self.store.description(spec["run_id"])
        result["notes"] = list(_notes(about, spec.get("source_run"), len(rows) - len(known), sets))
        self.store.set_experiment_result(experiment_id, result)
        self.store.stop_experiment(experiment_id, result["state"])

    def _shown(self, held: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
        result, spec, arms = held["result"] or {}, held["spec"], held["arms"]
        state, error, progress = self._state(held)
        shown = {
            "experiment_id": held["experiment_id"],
            "name": held["name"],
            "state": state,
            "arms": [arm["name"] for arm in arms],
            "created_at": held["created_at"],
            "stopped_at": held["stopped_at"],
            "num_sets": result.get("num_sets", 0),
            "verdict": result.get("verdict"),
            "decision": result.get("decision"),
            "progress": progress,
            "error": error,
        }
        if not is_whole:
            return shown
        counts = result.get("arms") or [{}, {}]
        rule = _rule(spec)
        return shown | {
            "alpha": rule.alpha,
            "salt": spec.get("salt") or "",
            "min_sets": rule.min_sets,
            "max_sets": rule.max_sets,
            "futility_margin": rule.futility,
            "source_run": spec.get("source_run"),
            "stopped_at_set": result.get("stopped_at_set"),
            "results": [
                {
                    "name": arm["name"],
                    "changes": {part: arm[part] for part in ARM_PARTS if arm.get(part) is not None},
                    "weight": arm["weight"],
                    "num_assigned": own.get("num_assigned", 0),
                    "net_r_mean": own.get("net_r_mean"),
                    "net_r_assigned_mean": own.get("net_r_assigned_mean"),
                }
                for arm, own in zip(arms, counts)
            ],
            "paired": result.get("paired"),
            "assigned": result.get("assigned"),
            "share_better": result.get("share_better"),
            "share_worse": result.get("share_worse"),
            "sequence": [
                {**point, "day": iso(instant_of(point["day"] * MICROSECONDS_PER_DAY))[:10]}
                for point in result.get("sequence", ())
            ],
            "stop_rule": _stop_rule(rule),
            "run_id": spec["run_id"],
            "notes": result.get("notes", []),
        }

    def _state(self, held: Mapping[str, Any]) -> tuple[str, str | None, float | None]:
        """Its state, what went wrong, and how far its replay is."""
        if held["status"] != RUNNING:
            because = held["stopped_because"]
            return (because if because in (DECIDED, EXHAUSTED) else STOPPED), None, None
        run = self.store.find_run(held["spec"]["run_id"])
        if run is None:
            return FAILED, "its replay was deleted before it was done; the same request starts it again", None
        if run["status"] in UNDER_WAY:
            return RUNNING, None, self.bench.progress(run["run_id"]).overall
        if run["status"] == DONE:
            return FAILED, f"the files of its replay, run {run['run_id']}, cannot be read", None
        return FAILED, run["error"] or f"its replay was {run['status']}; the same request starts it again", None


@contextmanager
def _beside(field: str) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        raise RequestRefused(
            *(
                FieldProblem(field=field, message=p.found, accepted=p.accepted, line=p.line, column=p.column)
                for p in error.problems
            )
        ) from None


def _weight(arm: Mapping[str, Any]) -> float:
    weight = arm.get("weight")
    return 1.0 if weight is None else float(weight)


def _renamed(one: FieldProblem) -> FieldProblem:
    """The field as an experiment has it."""
    field = one.field
    if field.startswith("policies"):
        field = f"arms{field.removeprefix('policies')}"
    elif field:
        field = f"inputs.{field}"
    return FieldProblem(field=field, message=one.message, accepted=one.accepted, line=one.line, column=one.column)


def _rule(spec: Mapping[str, Any]) -> Rule:
    standard = Rule()
    return Rule(
        alpha=spec.get("alpha") or standard.alpha,
        min_sets=spec.get("min_sets") or standard.min_sets,
        max_sets=spec.get("max_sets"),
        futility=spec.get("futility_margin"),
    )


def _stop_rule(rule: Rule) -> str:
    words = STOP_RULE
    if rule.futility is not None:
        words += f", or lies within ±{rule.futility:g} R"
    return f"{words}; else with {'the last set' if rule.max_sets is None else f'set {rule.max_sets:,}'}."


def _rows(frame: pl.DataFrame, names: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """Of compare.parquet, in order of opening."""
    first, second = names
    ordered = frame.sort("opened_at", "symbol", maintain_order=True)
    for row, time in zip(ordered.iter_rows(named=True), ordered["opened_at"].dt.epoch("us")):
        own, other = row[f"{first}.r"], row[f"{second}.r"]
        yield {
            "symbol": row["symbol"],
            "side": row["side"],
            "opened_at": iso(row["opened_at"]),
            "time": time,
            "first_r": own,
            "second_r": other,
            "difference_r": None if own is None or other is None else own - other,
            "first_exits": row[f"{first}.exit_reasons"],
            "second_exits": row[f"{second}.exit_reasons"],
        }


def _notes(about: Mapping[str, Any], source: str | None, left_out: int, sets: Sets) -> Iterator[str]:
    if source is None:
        yield f"Entries: {about['entries']}. Every set is a position of its own under each arm."
    else:
        yield (
            f"Entries: the entry fills of run {source} with their sizes and initial stops, which no setting of an arm "
            "moves. Every set is a position of its own under each arm."
        )
    if left_out:
        yield f"{left_out:,} sets are left out: one arm did not take or close them, or their risk is unknown."
    if len(sets.first_r) and not (sets.first_r != sets.second_r).any():
        yield "Every set ended alike under both arms: what the arms change was never in force for these sets."
    yield from about["notes"]
    yield from about["warnings"]
