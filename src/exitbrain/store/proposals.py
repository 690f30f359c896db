"""Written plans: their text, what the gates said, the steps they took, and the positions that began under them.

A step is written together with the state that it leads to, and only where the plan still stands where the step began.
Of all plans one at most is active.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from exitbrain.core.instants import instant_of, iso
from exitbrain.core.promotion import TABLE, State, Step
from exitbrain.errors import InvalidInput, Problem
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.writing import compact

TURNS = "the active plan"
SHOWN = ("proposal_id", "sha256", "plan_id", "state")
TIMES = ("created_at", "changed_at", "judged_at")


class UnknownProposal(InvalidInput):
    """The store holds no proposal of this id."""


class StaleState(InvalidInput):
    """The plan does not stand where the step began."""


class Proposals:
    database: Database
    clock: Callable[[], int]

    def put_proposal(
        self, proposal_id: str, *, sha256: str, plan_id: str, text: str, spec: Mapping[str, Any],
        recording: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """In quarantine; one that is there already stays as it is, its state and its steps included."""
        p, now = t.proposals, self.clock()
        with self.database.writing() as connection:
            self.database.take_turns(connection, TURNS)
            mine = sa.select(p.c.proposal_id).where(p.c.proposal_id == searchable(proposal_id))
            if connection.execute(mine).first() is None:
                connection.execute(
                    sa.insert(p).values(
                        proposal_id=searchable(proposal_id),
                        sha256=sha256,
                        plan_id=searchable(plan_id),
                        state=State.QUARANTINE.value,
                        created_at=now,
                        changed_at=now,
                        text=searchable(text),
                        spec=compact(spec),
                        recording=None if recording is None else compact(recording),
                    )
                )
            return self._read_proposal(connection, proposal_id)

    def proposals(self) -> list[dict[str, Any]]:
        """The newest first, without texts and conversations."""
        p = t.proposals
        columns = [p.c[name] for name in (*SHOWN, *TIMES, "spec", "verdict")]
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(*columns).order_by(p.c.created_at.desc(), p.c.proposal_id))
            return [_told(row) for row in rows.mappings()]

    def proposal(self, proposal_id: str) -> dict[str, Any]:
        """With its text, its conversation and its `steps`."""
        with self.database.reading() as connection:
            return self._read_proposal(connection, proposal_id)

    def active_proposal(self) -> dict[str, Any] | None:
        """The plan in force."""
        p = t.proposals
        with self.database.reading() as connection:
            found = connection.execute(sa.select(p.c.proposal_id).where(p.c.state == State.ACTIVE.value)).scalar()
            return None if found is None else self._read_proposal(connection, found)

    def set_verdict(self, proposal_id: str, state: State, verdict: Mapping[str, Any]) -> dict[str, Any]:
        """What the gates said; StaleState where the plan has gone on since it was judged."""
        p = t.proposals
        with self.database.writing() as connection:
            self._standing(connection, proposal_id, state)
            connection.execute(
                sa.update(p)
                .where(p.c.proposal_id == searchable(proposal_id))
                .values(verdict=compact(verdict), judged_at=self.clock())
            )
            return self._read_proposal(connection, proposal_id)

    def take_step(
        self, proposal_id: str, step: Step, *, before: State, verdict: Mapping[str, Any] | None, operator: str,
        consent: str | None = None, note: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """From one state to the next. A plan that becomes active retires the one that was.

        StaleState where the plan, or what was judged of it, is no longer what the operator saw; a promotion without an
        operator and a consent is refused here as well, whoever asks.
        """
        after = TABLE.get((before, step))
        if after is None or not operator.strip() or (step is Step.PROMOTE and not (consent or "").strip()):
            raise InvalidInput(Problem(found=f"no {step} from {before}", accepted="an operator's consent"))
        with self.database.writing() as connection:
            self.database.take_turns(connection, TURNS)
            held = self._standing(connection, proposal_id, before)
            if step is Step.PROMOTE and held["verdict"] != verdict:
                raise StaleState(Problem(found="the plan was judged again", accepted="consent to what it shows now"))
            if after is State.ACTIVE:
                p = t.proposals
                found = sa.select(p.c.proposal_id).where(p.c.state == State.ACTIVE.value)
                for other in connection.execute(found).scalars().all():
                    note_of = f"{proposal_id} is in force"
                    self._write_step(connection, other, Step.RETIRE, State.ACTIVE, operator, None, note_of)
            self._write_step(connection, proposal_id, step, before, operator, consent, note)
            return self._read_proposal(connection, proposal_id)

    def _write_step(
        self, connection: sa.Connection, proposal_id: str, step: Step, before: State, operator: str,
        consent: str | None, note: str | None,
    ) -> None:  # fmt: skip
        p, s, now = t.proposals, t.proposal_steps, self.clock()
        mine = s.c.proposal_id == searchable(proposal_id)
        last = connection.execute(sa.select(sa.func.max(s.c.seq)).where(mine)).scalar() or 0
        after = TABLE[before, step]
        connection.execute(
            sa.insert(s).values(
                proposal_id=searchable(proposal_id),
                seq=last + 1,
                time=now,
                step=step.value,
                before=before.value,
                after=after.value,
                operator=searchable(operator),
                consent=searchable(consent),
                note=searchable(note),
            )
        )
        connection.execute(
            sa.update(p).where(p.c.proposal_id == searchable(proposal_id)).values(state=after.value, changed_at=now)
        )

    # positions

    def pin_plan(self, position_key: str, proposal_id: str | None = None) -> dict[str, Any] | None:
        """The plan in force becomes that of a position that opens; one that is pinned stays. None where none is.

        A key whose pin was released names another position now, as where a journal was begun anew.

        With `proposal_id` it is the plan that was in force when the position opened, which may be retired by now.
        """
        pins, p = t.plan_pins, t.proposals
        with self.database.writing() as connection:
            self.database.take_turns(connection, TURNS)
            held = self._pinned(connection, position_key, open_=True)
            if held is None:
                found = proposal_id
                if found is None:
                    in_force = sa.select(p.c.proposal_id).where(p.c.state == State.ACTIVE.value)
                    found = connection.execute(in_force).scalar()
                else:
                    self._read_proposal(connection, found)
                if found is None:
                    return None
                connection.execute(sa.delete(pins).where(pins.c.position_key == searchable(position_key)))
                connection.execute(
                    sa.insert(pins).values(
                        position_key=searchable(position_key), proposal_id=found, pinned_at=self.clock()
                    )
                )
                held = found
            return self._read_proposal(connection, held)

    def plan_of_position(self, position_key: str) -> dict[str, Any] | None:
        """The plan that it began under, whatever is in force now."""
        with self.database.reading() as connection:
            held = self._pinned(connection, position_key)
            return None if held is None else self._read_proposal(connection, held)

    def release_pin(self, position_key: str) -> None:
        """The position is closed."""
        pins = t.plan_pins
        mine = (pins.c.position_key == searchable(position_key)) & pins.c.released_at.is_(None)
        with self.database.writing() as connection:
            connection.execute(sa.update(pins).where(mine).values(released_at=self.clock()))

    def open_pins(self, proposal_id: str) -> list[str]:
        """The positions that are still under a plan."""
        pins = t.plan_pins
        mine = (pins.c.proposal_id == searchable(proposal_id)) & pins.c.released_at.is_(None)
        with self.database.reading() as connection:
            found = connection.execute(sa.select(pins.c.position_key).where(mine).order_by(pins.c.position_key))
            return [str(key) for key in found.scalars()]

    @staticmethod
    def _pinned(connection: sa.Connection, position_key: str, *, open_: bool = False) -> str | None:
        pins = t.plan_pins
        mine = sa.select(pins.c.proposal_id).where(pins.c.position_key == searchable(position_key))
        if open_:
            mine = mine.where(pins.c.released_at.is_(None))
        found = connection.execute(mine).scalar()
        return None if found is None else str(found)

    # rows

    def _standing(self, connection: sa.Connection, proposal_id: str, state: State) -> dict[str, Any]:
        held = self._read_proposal(connection, proposal_id)
        if held["state"] != state:
            found = f"plan {held['plan_id']} is {held['state']}, not {state}"
            raise StaleState(Problem(found=found, accepted="a step from where it stands"))
        return held

    @staticmethod
    def _read_proposal(connection: sa.Connection, proposal_id: str) -> dict[str, Any]:
        p, s = t.proposals, t.proposal_steps
        mine = searchable(proposal_id)
        row = connection.execute(sa.select(p).where(p.c.proposal_id == mine)).mappings().first()
        if row is None:
            found = f"no proposal {proposal_id[:80]!r}"
            raise UnknownProposal(Problem(found=found, accepted="an id of the list of proposals"))
        steps = connection.execute(sa.select(s).where(s.c.proposal_id == mine).order_by(s.c.seq)).mappings()
        recording = row["recording"]
        return {
            **_told(row),
            "text": row["text"],
            "recording": None if recording is None else json.loads(recording),
            "steps": [
                {name: step[name] for name in ("step", "before", "after", "operator", "consent", "note")}
                | {"time": iso(instant_of(step["time"]))}
                for step in steps
            ],
        }


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in SHOWN},
        **{name: None if row[name] is None else iso(instant_of(row[name])) for name in TIMES},
        "spec": json.loads(row["spec"]),
        "verdict": None if row["verdict"] is None else json.loads(row["verdict"]),
    }
