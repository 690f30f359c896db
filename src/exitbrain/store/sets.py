"""TradeSets of a run: a page of them filtered, sorted and counted; one with its legs; all, as their file had them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from exitbrain.core.instants import instant_of, iso
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.queries import Page, SetQuery
from exitbrain.store.runs import result_key

IN_FILE_ORDER = "opened_at"
STREAMED = 2_000
COUNTS_KEPT = 100
COLUMN_FACETS = ("symbol", "side", "regime", "profile")
LABEL_FACETS = ("reason", "category")
OUTCOME = (
    "set_id", "symbol", "strategy_id", "profile", "regime", "opened_at", "pnl_net", "r_multiple", "mfe_r", "mae_r",
    "hold_seconds",
)  # fmt: skip


class Sets:
    database: Database
    counted: dict[Any, tuple[int, dict[str, Any]]]

    def trade_sets(self, run_id: str, query: SetQuery | None = None) -> Page:
        """Rows as trade_sets.json has them, without legs unless asked; with `reasons` of the legs and what it was
        `left_by`."""
        query = query or SetQuery()
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            wanted = _conditions(key, query)
            total, facets = self._counts(connection, run_id, key, query, wanted)
            seqs = connection.execute(
                _ordered(query, wanted).limit(query.page_size).offset((query.page - 1) * query.page_size)
            ).all()
            rows = list(_rows(connection, key, seqs, legs=query.legs))
        return Page(rows=rows, total=total, page=query.page, page_size=query.page_size, facets=facets)

    def _counts(
        self, connection: Connection, run_id: str, key: int, query: SetQuery, wanted: Sequence[Any]
    ) -> tuple[int, dict[str, Any]]:
        """How many sets, and the counts of the facets: of a finished run they stay what they are, on every page."""
        at = connection.execute(sa.select(t.runs.c.finished_at).where(t.runs.c.run_id == run_id)).scalar()
        filters = replace(query, sort=IN_FILE_ORDER, page=1, page_size=1, legs=False)
        # The number of a result may be used again after it was deleted; it is not the same at another time.
        held = (run_id, key, at, filters)
        known = self.counted.get(held)
        if known is None:
            counted = sa.select(sa.func.count()).select_from(t.trade_sets).where(*wanted)
            total = connection.execute(counted).scalar_one()
            known = (total, _facets(connection, key, query, wanted) if query.facets else {})
            if len(self.counted) >= COUNTS_KEPT:
                self.counted.clear()
            self.counted[held] = known
        return known[0], {name: [dict(one) for one in counts] for name, counts in known[1].items()}

    def set_rows(self, run_id: str, query: SetQuery | None = None) -> Iterator[dict[str, Any]]:
        """All rows of a query, whatever its page."""
        query = query or SetQuery()
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            seqs = connection.execute(_ordered(query, _conditions(key, query))).all()
            for start in range(0, len(seqs), STREAMED):
                yield from _rows(connection, key, seqs[start : start + STREAMED], legs=query.legs)

    def trade_set(self, run_id: str, set_id: str) -> dict[str, Any] | None:
        """A set whole, as trade_sets.json has it."""
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            seq = _seq_of(connection, key, set_id)
            return None if seq is None else next(_whole(connection, key, seq, seq))

    def neighbours(self, run_id: str, set_id: str) -> dict[str, str | None]:
        """The sets before and after in the file."""
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            seq = _seq_of(connection, key, set_id)
            around = {"previous": None if seq is None else seq - 1, "next": None if seq is None else seq + 1}
            mine = t.trade_sets.c.result_key == key
            return {
                name: connection.execute(
                    sa.select(t.trade_sets.c.set_id).where(mine, t.trade_sets.c.seq == other)
                ).scalar()
                for name, other in around.items()
            }

    def all_trade_sets(self, run_id: str) -> Iterator[dict[str, Any]]:
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            mine = t.trade_sets.c.result_key == key
            last = connection.execute(sa.select(sa.func.max(t.trade_sets.c.seq)).where(mine)).scalar() or 0
            for first in range(1, last + 1, STREAMED):
                yield from _whole(connection, key, first, first + STREAMED - 1)

    def set_facts(self, run_id: str) -> dict[str, list[Any]]:
        """Without reading a set whole: `closed_at` as text, `r_multiples`, and the `leg_kinds` that occur.

        A kind is reason, trigger_id and is_entry.
        """
        sets, legs = t.trade_sets, t.legs
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            wanted = sa.select(sets.c.closed_at, sets.c.r_multiple).where(sets.c.result_key == key)
            ends = connection.execute(wanted.order_by(sets.c.seq)).all()
            kinds = sa.select(legs.c.reason, legs.c.trigger_id, legs.c.is_entry).where(legs.c.result_key == key)
            found = connection.execute(kinds.distinct()).all()
        return {
            "closed_at": [iso(instant_of(closed_at)) for closed_at, _ in ends if closed_at is not None],
            "r_multiples": [r_multiple for _, r_multiple in ends],
            "leg_kinds": [(reason, trigger_id, bool(is_entry)) for reason, trigger_id, is_entry in found],
        }

    def sets_around(self, run_id: str, start: int, end: int) -> list[dict[str, Any]]:
        """The sets, whole, that were open at some instant from `start` to `end`, both in µs and included."""
        sets = t.trade_sets
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            open_then = (sets.c.opened_at <= end, sa.or_(sets.c.closed_at.is_(None), sets.c.closed_at >= start))
            wanted = sa.select(sets.c.seq).where(sets.c.result_key == key, *open_then).order_by(sets.c.seq)
            seqs = connection.execute(wanted).scalars().all()
            return list(_whole_of(connection, key, seqs))

    def pairs(self, run_id: str, page: int | None, page_size: int) -> tuple[list[dict[str, Any]], int]:
        """The closed sets of two legs, whole, which are those of one entry and one exit; all where `page` is None."""
        sets = t.trade_sets
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            mine = (sets.c.result_key == key, sets.c.num_legs == 2, sets.c.closed_at.is_not(None))
            wanted = sa.select(sets.c.seq).where(*mine).order_by(sets.c.seq)
            if page is not None:
                wanted = wanted.limit(page_size).offset((page - 1) * page_size)
            total = connection.execute(sa.select(sa.func.count()).select_from(sets).where(*mine)).scalar_one()
            return list(_whole_of(connection, key, connection.execute(wanted).scalars().all())), total

    def plan(self, run_id: str, set_id: str) -> dict[str, Any] | None:
        """What a set planned, as plans.json has it."""
        with self.database.reading() as connection:
            mine = (t.plans.c.result_key == result_key(connection, run_id), t.plans.c.set_id == searchable(set_id))
            body = connection.execute(sa.select(t.plans.c.body).where(*mine).limit(1)).scalar()
        return None if body is None else json.loads(body)[1]

    def plans(self, run_id: str) -> dict[str, dict[str, Any]]:
        with self.database.reading() as connection:
            mine = t.plans.c.result_key == result_key(connection, run_id)
            bodies = connection.execute(sa.select(t.plans.c.body).where(mine).order_by(t.plans.c.seq)).scalars().all()
        return dict(json.loads(body) for body in bodies)

    def plans_of(self, run_id: str, set_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What these sets planned."""
        with self.database.reading() as connection:
            mine = t.plans.c.result_key == result_key(connection, run_id)
            found: dict[str, dict[str, Any]] = {}
            for first in range(0, len(set_ids), STREAMED):
                chosen = t.plans.c.set_id.in_([searchable(one) for one in set_ids[first : first + STREAMED]])
                bodies = connection.execute(sa.select(t.plans.c.body).where(mine, chosen)).scalars().all()
                found |= dict(json.loads(body) for body in bodies)
        return found

    def outcomes(
        self,
        run_ids: Sequence[str] | None = None,
        *,
        symbol: str | None = None,
        strategy_id: str | None = None,
        regime: str | None = None,
        profile: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """One row a closed set of the finished runs: what it was for and what came of it. `opened_at` is in µs."""
        sets = t.trade_sets
        given = {"symbol": symbol, "strategy_id": strategy_id, "regime": regime, "profile": profile}
        wanted = [sets.c[name] == searchable(value) for name, value in given.items() if value is not None]
        if run_ids is not None:
            wanted.append(t.runs.c.run_id.in_([searchable(one) for one in run_ids]))
        rows = (
            sa.select(t.runs.c.run_id, *(sets.c[name] for name in OUTCOME))
            .join(sets, sets.c.result_key == t.runs.c.result_key)
            .where(sets.c.closed_at.is_not(None), *wanted)
            .order_by(t.runs.c.run_id, sets.c.seq)
        )
        with self.database.reading() as connection:
            for row in connection.execute(rows).mappings():
                yield dict(row)


def _conditions(key: int, query: SetQuery) -> list[Any]:
    sets = t.trade_sets
    wanted: list[Any] = [sets.c.result_key == key]
    columns = {name: getattr(query, name) for name in COLUMN_FACETS} | {"strategy_id": query.strategy}
    for name, values in columns.items():
        if values:
            wanted.append(sets.c[name].in_([searchable(value) for value in values]))
    for name in LABEL_FACETS:
        if values := getattr(query, name):
            labels = t.set_labels
            own = (labels.c.result_key == key, labels.c.field == name)
            chosen = sa.select(labels.c.seq).where(*own, labels.c.value.in_([searchable(value) for value in values]))
            wanted.append(sets.c.seq.in_(chosen))
    if query.opened_from is not None:
        wanted.append(sets.c.opened_at >= query.opened_from)
    if query.opened_to is not None:
        wanted.append(sets.c.opened_at < query.opened_to)
    if query.min_r is not None:
        wanted.append(sets.c.r_multiple >= query.min_r)
    if query.max_r is not None:
        wanted.append(sets.c.r_multiple <= query.max_r)
    if query.q:
        wanted += [sets.c.words.contains(word, autoescape=True) for word in (searchable(query.q.lower()) or "").split()]
    return wanted


def _ordered(query: SetQuery, wanted: Sequence[Any]) -> Any:
    sets = t.trade_sets
    name, falls = query.sort.removeprefix("-"), query.sort.startswith("-")
    chosen = sa.select(sets.c.seq, sets.c.left_by).where(*wanted)
    if name == IN_FILE_ORDER:
        return chosen.order_by(sets.c.seq.desc() if falls else sets.c.seq)
    column = sets.c[name].desc() if falls else sets.c[name].asc()
    return chosen.order_by(column.nulls_last(), sets.c.seq)


def _rows(connection: Connection, key: int, seqs: Sequence[Any], *, legs: bool) -> Iterator[dict[str, Any]]:
    """Bodies and reasons of sets, in the order of `seqs`, rows of (seq, left_by)."""
    numbers = [seq for seq, _ in seqs]
    bodies, own = t.set_bodies, t.legs
    chosen = sa.select(bodies.c.seq, bodies.c.body).where(bodies.c.result_key == key, bodies.c.seq.in_(numbers))
    held = dict(connection.execute(chosen).all())
    reasons: dict[int, dict[str, None]] = {seq: {} for seq in numbers}
    of_set: dict[int, list[Any]] = {seq: [] for seq in numbers}
    told = (
        sa.select(own.c.seq, own.c.reason, own.c.body if legs else sa.null())
        .where(own.c.result_key == key, own.c.seq.in_(numbers))
        .order_by(own.c.seq, own.c.number)
    )
    for seq, reason, body in connection.execute(told):
        if reason is not None:
            reasons[seq][reason] = None
        if legs:
            of_set[seq].append(json.loads(body))
    for seq, left_by in seqs:
        row = json.loads(held[seq])
        row.pop("legs")
        yield row | {"reasons": list(reasons[seq]), "left_by": left_by} | ({"legs": of_set[seq]} if legs else {})


def _facets(connection: Connection, key: int, query: SetQuery, wanted: Sequence[Any]) -> dict[str, Any]:
    """How many of the sets that the filters leave have each value."""
    sets, labels = t.trade_sets, t.set_labels
    counted: dict[str, Any] = {}
    for name in COLUMN_FACETS:
        counted[name] = sa.select(sets.c[name], sa.func.count()).where(*wanted, sets.c[name].is_not(None))
        counted[name] = counted[name].group_by(sets.c[name])
    is_filtered = len(wanted) > 1
    for name in LABEL_FACETS:
        own = [labels.c.result_key == key, labels.c.field == name]
        if is_filtered:
            own.append(labels.c.seq.in_(sa.select(sets.c.seq).where(*wanted)))
        counted[name] = sa.select(labels.c.value, sa.func.count()).where(*own).group_by(labels.c.value)
    return {
        name: [
            {"value": value, "count": count}
            for value, count in sorted(connection.execute(one), key=lambda row: (-row[1], row[0]))
        ]
        for name, one in counted.items()
    }


def _seq_of(connection: Connection, key: int, set_id: str) -> int | None:
    sets = t.trade_sets
    wanted = sa.select(sets.c.seq).where(sets.c.result_key == key, sets.c.set_id == searchable(set_id))
    return connection.execute(wanted).scalar()


def _whole_of(connection: Connection, key: int, seqs: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Sets of these numbers, in their order."""
    bodies, legs = t.set_bodies, t.legs
    for first in range(0, len(seqs), STREAMED):
        some = seqs[first : first + STREAMED]
        own: dict[int, list[Any]] = {}
        found = (
            sa.select(legs.c.seq, legs.c.body)
            .where(legs.c.result_key == key, legs.c.seq.in_(some))
            .order_by(legs.c.seq, legs.c.number)
        )
        for seq, body in connection.execute(found):
            own.setdefault(seq, []).append(json.loads(body))
        wanted = sa.select(bodies.c.seq, bodies.c.body).where(bodies.c.result_key == key, bodies.c.seq.in_(some))
        held = dict(connection.execute(wanted).all())
        for seq in some:
            yield json.loads(held[seq]) | {"legs": own.get(seq, [])}


def _whole(connection: Connection, key: int, first: int, last: int) -> Iterator[dict[str, Any]]:
    bodies, legs = t.set_bodies, t.legs
    own: dict[int, list[Any]] = {}
    found = (
        sa.select(legs.c.seq, legs.c.body)
        .where(legs.c.result_key == key, legs.c.seq.between(first, last))
        .order_by(legs.c.seq, legs.c.number)
    )
    for seq, body in connection.execute(found):
        own.setdefault(seq, []).append(json.loads(body))
    sets = (
        sa.select(bodies.c.seq, bodies.c.body)
        .where(bodies.c.result_key == key, bodies.c.seq.between(first, last))
        .order_by(bodies.c.seq)
    )
    for seq, body in connection.execute(sets):
        made: dict[str, Any] = json.loads(body)
        made["legs"] = own.get(seq, [])
        yield made
