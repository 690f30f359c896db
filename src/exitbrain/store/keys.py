"""Keys by which a request that comes twice is answered once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`new`: do the work and answer. `pending`: another does it. `other_body`: the key was used for something else."""

    state: Literal["new", "pending", "answered", "other_body"]
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


class Keys:
    database: Database
    clock: Callable[[], int]

    def claim_key(self, scope: str, key: str, body_sha256: str) -> Claim:
        """`scope` says whose key it is and for what: the method and the path."""
        row = {
            "scope": searchable(scope),
            "key": searchable(key),
            "body_sha256": body_sha256,
            "created_at": self.clock(),
        }
        try:
            with self.database.writing() as connection:
                connection.execute(sa.insert(t.idempotency_keys).values(**row))
            return Claim(state="new")
        except IntegrityError:
            pass
        with self.database.reading() as connection:
            held = connection.execute(sa.select(t.idempotency_keys).where(*_mine(scope, key))).mappings().first()
        if held is None:  # released in between
            return self.claim_key(scope, key, body_sha256)
        if held["body_sha256"] != body_sha256:
            return Claim(state="other_body")
        if held["status"] is None:
            return Claim(state="pending")
        headers = json.loads(held["headers"])
        return Claim(state="answered", status=held["status"], headers=headers, body=held["answer"])

    def answer_key(self, scope: str, key: str, *, status: int, headers: Mapping[str, str], body: str) -> None:
        answer = {"status": status, "headers": json.dumps(dict(headers)), "answer": body}
        with self.database.writing() as connection:
            connection.execute(sa.update(t.idempotency_keys).where(*_mine(scope, key)).values(**answer))

    def release_key(self, scope: str, key: str) -> None:
        """The work was not done: the key may be tried again."""
        with self.database.writing() as connection:
            connection.execute(sa.delete(t.idempotency_keys).where(*_mine(scope, key)))

    def forget_keys(self, older_than: int = DAY) -> int:
        """Keys made more than so many microseconds ago, and those whose work was never ended. How many."""
        keys = t.idempotency_keys
        old = keys.c.created_at < self.clock() - older_than
        with self.database.writing() as connection:
            return connection.execute(sa.delete(keys).where(old)).rowcount


def _mine(scope: str, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    keys = t.idempotency_keys
    return keys.c.scope == searchable(scope), keys.c.key == searchable(key)
