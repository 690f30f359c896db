"""What the routes of written plans answer, out of the strategist of a workbench."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store import Busy

if TYPE_CHECKING:
    from exitbrain.wiring.strategist.promoting import Strategist
    from exitbrain.wiring.workbench import Workbench

KINDS = {"+": "added", "-": "removed", " ": "same", "@": "place"}
JUDGING = threading.Lock()  # judging takes all of a core: one plan at a time


class WrittenPlans:
    """Over one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    @property
    def strategist(self) -> Strategist:
        from exitbrain.wiring.strategist.promoting import Strategist

        return Strategist(self.bench)

    def page(self) -> dict[str, Any]:
        from exitbrain.strategist.asking import MODEL

        rows = self.strategist.page()
        active = next((row["proposal_id"] for row in rows if row["state"] == "active"), None)
        return {"items": rows, "in_force": active, "model": self.bench.environment.get(MODEL) or None}

    def prompts(self) -> dict[str, Any]:
        from exitbrain.strategist.prompting import read_prompts

        prompts = read_prompts()
        texts = [{"name": name, "text": text} for name, text in prompts.texts.items()]
        return {"version": prompts.version, "sha256": prompts.sha256, "texts": texts}

    def create(self, given: Mapping[str, Any]) -> dict[str, Any]:
        text = given["text"]
        if (text is None) == (given["candles"] is None):
            found = "neither candles nor a text" if text is None else "candles and a text together"
            raise InvalidInput(Problem(found=found, accepted="one of the two", at=("candles",)))
        if text is not None:
            return self._shown(self.strategist.take_in(text, config=given["config"]))
        return self._shown(self._written(given))

    def _written(self, given: Mapping[str, Any]) -> dict[str, Any]:
        from exitbrain.strategist.asking import ModelChoice
        from exitbrain.wiring.strategist.files import Conversations, caps_of
        from exitbrain.wiring.strategist.proposing import Asked, propose

        plans, environment = self.strategist, self.bench.environment
        current = plans.in_force()
        asked = Asked(
            style=given["style"],
            config=given["config"],
            caps=caps_of(None, self.bench.home),
            current=None if current is None else current["text"],
            environment=environment,
        )
        files = self._files(given["candles"])
        if not given["use_model"]:
            return plans.keep(propose(files, asked))
        kept = Conversations(self.bench.home)
        made = propose(files, asked, model=ModelChoice.of(None, None, environment), kept=kept.find)
        if made.answer is None:
            raise Unavailable("the model gave no answer")
        kept.keep(made.answer.key, made.answer.recording)
        return plans.keep(made)

    def read(self, proposal_id: str) -> dict[str, Any]:
        return self._shown(self.strategist.read(proposal_id))

    def review(self, proposal_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        from exitbrain.wiring.strategist.judging import Judging
        from exitbrain.wiring.strategist.promoting import Review

        plans = self.strategist
        held = plans.read(proposal_id)
        asked = Review(
            candles=self._files(given["candles"]),
            config=given["config"],
            judging=Judging(days=given["days"], held_out=given["held_out"], shadow_bars=given["shadow_bars"]),
        )
        if not JUDGING.acquire(blocking=False):
            raise Busy(Problem(found="another plan is being judged", accepted="to ask again when that is done"))
        try:
            return self._shown(plans.review(held["text"], asked))
        finally:
            JUDGING.release()

    def promote(self, proposal_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return self._shown(self.strategist.promote(proposal_id, **given))

    def withdraw(self, proposal_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return self._shown(self.strategist.withdraw(proposal_id, **given))

    def _shown(self, held: Mapping[str, Any]) -> dict[str, Any]:
        """With the difference from the plan in force, which is never that of a plan from itself."""
        before = self.bench.store.active_proposal()
        is_other = before is not None and before["proposal_id"] != held["proposal_id"]
        recording = held["recording"] or {}
        return {
            **held,
            "compared_with": before["plan_id"] if before is not None and is_other else None,
            "diff": difference(before["text"], held["text"]) if before is not None and is_other else [],
            "turns": [{"faults": turn["faults"]} for turn in recording.get("turns", ())],
            "briefing": held["spec"].get("briefing"),
            "pinned": self.bench.store.open_pins(held["proposal_id"]),
        }

    def _files(self, names: list[str]) -> list[str]:
        """Files of the home by name, others by their full path."""
        from exitbrain.wiring.workbench.home import candle_file

        found = []
        for number, name in enumerate(names):
            path = candle_file(self.bench.home.candles, name) if "/" not in name and "\\" not in name else Path(name)
            if path is None or "\x00" in name or not path.is_absolute() or not path.is_file():
                known = ", ".join(str(one["name"]) for one in self.bench.candle_names()[:20])
                accepted = f"one of {known}, or a full path" if known else "the full path of a file"
                raise InvalidInput(
                    Problem(found=f"no candles {name[:80]!r}", accepted=accepted, at=("candles", number))
                )
            found.append(str(path))
        return found


def difference(before: str, after: str) -> list[dict[str, str]]:
    """Lines of a unified difference with three lines around each change."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return [{"kind": KINDS[line[0]], "text": line if line[0] == "@" else line[1:]} for line in list(lines)[2:]]
