"""A decision at a bar's close: candidates, guards as one table, one order of ranks, and a record for every loser (spec D).

CHOICES
1. Events of one decision: refusals first, then losers, each in the order of spec D4 (rank, grade, fraction, id).
2. At a time stop every entry that fires is recorded, its guards unasked; exit rules are not evaluated, so nothing
   re-arms, and a latch trigger neither counts nor breaks its row.
3. A cause that its N-th definite false clears is off for that same decision; an unknown breaks the row.
4. Where portfolio scope asks the rule, it asks every symbol with a bar at that time, its last bar included.
5. A latch trigger of a longer timeframe counts its own closes only.
6. Where independent, entry rules and the regime rule see a flat symbol; exit rules see their own position.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from .exact import exact, iso, microseconds, plain
from .guarding import answer_of, is_asked, refusal, view_of
from .rules import rule_value

GRADES = {"A": 0, "B": 1, "C": 2, None: 3}
RISK_KINDS = ("risk_reduce", "risk_off", "emergency_exit")


@dataclass(slots=True)
class Candidate:
    kind: str  # entry, exit, risk_reduce, risk_off, emergency_exit
    trigger_id: str
    category: str
    grade: str | None
    fraction: object  # as written, or None
    direction: int = 0
    lots: int = 0
    row: dict | None = None
    trigger: dict | None = None
    position: object = None


@dataclass(slots=True)
class Decision:
    """Where and when a decision stands: bar `index` of `series`, or alone at the open of bar `index`."""

    series: object
    index: int
    time: int
    price: int
    alone: bool = False

    @property
    def seen(self):
        """The bar whose values the guards use (spec F38)."""
        return self.index - 1 if self.alone else self.index


@dataclass(slots=True)
class Latch:
    causes: dict = field(default_factory=dict)  # scope to the set of causes
    falses: dict = field(default_factory=dict)  # (scope, cause) to definite falses in a row


def block(run, decision, candidate, reason, preempted_by=None, overridden_by=None, time=None):
    symbol = decision.series.instrument.symbol
    event = {
        "kind": "block",
        "time": iso(decision.time if time is None else time),
        "symbol": symbol,
        "trigger_id": candidate.trigger_id,
        "category": candidate.category,
        "reason": reason,
        "price": plain(decision.price * decision.series.instrument.tick),
        "preempted_by": preempted_by,
        "overridden_by": overridden_by,
    }
    if candidate.kind == "emergency_exit" and preempted_by is None:
        guards = run.guards
        event["cooldown_recommendation_bars"] = max(1, guards["cooldown_bars"], guards["min_hold_bars"])
    run.events.append(event)


# Candidates


def kind_of(trigger):
    category = trigger.get("category") or "other"
    return category if category in RISK_KINDS else "exit"


def direction_of(word):
    return {"long": 1, "short": -1}.get(word, 0)


def triggers_of(run, series):
    return [trigger for trigger in run.triggers if trigger["symbol"] == series.instrument.symbol]


def row_candidate(row):
    return Candidate("entry", row.get("tag") or "entry", "other", None, None, direction_of(row["side"]), row=row)


def entry_candidates(run, series, index, position):
    """The rows of the next bar (at the next open), then the entry rules that are true."""
    found = []
    if run.fills_next_open:
        found = [row_candidate(row) for row in run.rows_at(series, index + 1)]
    for trigger in triggers_of(run, series):
        if direction_of(trigger["direction"]) and answer_of(run, series, position, trigger, "entry_rule") is True:
            found.append(
                Candidate(
                    "entry",
                    trigger["id"],
                    trigger.get("category") or "other",
                    trigger.get("confidence_grade"),
                    None,
                    direction_of(trigger["direction"]),
                    trigger=trigger,
                )
            )
    return found


def exit_candidates(run, series, position):
    found = []
    for trigger in triggers_of(run, series):
        if direction_of(trigger["direction"]) not in (0, position.direction) or not trigger.get("exit_rule"):
            continue
        truth = answer_of(run, series, position, trigger, "exit_rule")
        if not may_fire(position, trigger, truth):
            continue
        fraction = trigger.get("exit_fraction")
        share = Fraction(1) if fraction is None else exact(fraction)
        lots = int(position.lots * share)
        kind = kind_of(trigger)
        if lots < 1 and not run.guards["min_trade"]:
            continue
        grade, category = trigger.get("confidence_grade"), trigger.get("category") or "other"
        found.append(
            Candidate(kind, trigger["id"], category, grade, fraction, lots=lots, trigger=trigger, position=position)
        )
    return found


def rearms(trigger):
    fraction = trigger.get("exit_fraction")
    if fraction is None:
        return trigger.get("category") == "risk_reduce"
    return exact(fraction) < 1


def may_fire(position, trigger, truth):
    """Edge: armed again only by a definite false. Once: once a set. State belongs to the set (spec T6 F14)."""
    if rearms(trigger) and truth is False and (trigger.get("rearm") or "edge") == "edge":
        position.used.discard(trigger["id"])
    if truth is not True:
        return False
    if not rearms(trigger) or trigger.get("rearm") == "every_bar":
        return True
    return trigger["id"] not in position.used


# Ranks


def rank(run, candidate, latched):
    threshold = run.settings["arbitration"]["entry_override_grade"]
    if candidate.kind == "entry":
        overrides = threshold is not None and candidate.grade is not None
        return 2 if overrides and GRADES[candidate.grade] <= GRADES[threshold] else 6
    if candidate.kind == "risk_off":
        return 1 if latched else 3
    return {"emergency_exit": 0, "risk_reduce": 4, "exit": 5}[candidate.kind]


def precedence(run, candidate, latched):
    share = Fraction(1) if candidate.fraction is None else exact(candidate.fraction)
    return (rank(run, candidate, latched), GRADES[candidate.grade], -share, candidate.trigger_id)


def beaten(winner, loser):
    """The reason of a losing candidate, and whether the winner is an entry that overrides it (spec D5)."""
    if winner.kind == loser.kind:
        return "outranked_by_peer", False
    if winner.kind == "entry":
        return f"entry_overrides_{loser.kind}", True
    return f"{winner.kind}_preempts_{'entry' if loser.kind == 'entry' else 'exit'}", False


def arbitrate(run, decision, candidates, position):
    """Guards, latch triggers, then the first by precedence; every other one is recorded."""
    passed = []
    latched = run.latched(decision.series)
    for candidate in sorted(candidates, key=lambda item: precedence(run, item, latched)):
        reason = refusal(run, decision, candidate, position)
        if reason is None:
            passed.append(candidate)
        else:
            block(run, decision, candidate, reason)
    for candidate in passed:
        if candidate.kind == "risk_off" and candidate.trigger.get("latch"):
            run.set_latch(decision.series, candidate.trigger_id, decision.time)
    latched = run.latched(decision.series)
    passed.sort(key=lambda item: precedence(run, item, latched))
    for loser in passed[1:]:
        reason, overrides = beaten(passed[0], loser)
        by = passed[0].trigger_id
        if overrides:
            block(run, decision, loser, reason, overridden_by=by)
        else:
            block(run, decision, loser, reason, preempted_by=by)
    return passed[0] if passed else None


def take_whole(run, decision, candidate):
    """Where the remainder would be under the minima the exit takes all (spec F19)."""
    position = candidate.position
    remainder = position.lots - candidate.lots
    if run.guards["min_trade"] and remainder and decision.series.instrument.too_small(remainder, decision.price):
        candidate.lots = position.lots
        run.note(decision.time, decision.series, f"{candidate.trigger_id} takes all")


# The latch


def ask_regime_rule(run, series_list, time):
    """Any true sets, all definitely false counts, an unknown breaks the row (spec D6 F15)."""
    rule = run.plan.get("risk_regime_rule")
    if not rule:
        return
    answers = [rule_value(rule, *view_of(run, series, run.netting_position(series))) for series in series_list]
    answer = True if True in answers else None if None in answers else False
    count_answer(run, series_list[0], "rule", answer, time)


def ask_latch_triggers(run, series, position, time):
    """A latch trigger's own exit rule clears it, asked also when flat (spec F41)."""
    for trigger in triggers_of(run, series):
        latches = trigger.get("category") == "risk_off" and trigger.get("latch")
        if latches and is_asked(run, series, trigger):
            answer = answer_of(run, series, position, trigger, "exit_rule")
            count_answer(run, series, trigger["id"], None if answer is True else answer, time)


def count_answer(run, series, cause, answer, time):
    key = (run.scope(series), cause)
    if answer is True:
        run.set_latch(series, cause, time)
    run.latch.falses[key] = run.latch.falses.get(key, 0) + 1 if answer is False else 0
    if run.latch.falses[key] >= run.settings["latch"]["clear_after_bars"]:
        run.clear_latch(series, cause, time)


def plan_expiry(plan):
    return microseconds(plan["valid_until"]) if plan.get("valid_until") else None
