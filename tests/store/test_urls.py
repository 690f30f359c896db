"""Which databases can be named, and what is said of those that cannot; a password is never shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.store import Store

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    ["", "   ", "nonsense", "mysql://u:hunter2@h/x", "sqlite://", "sqlite:///:memory:", "sqlite://host/x",
     "postgresql+asyncpg://u:hunter2@h/x", "postgresql://u:hunter2@h:port/x", "sqlite:///nowhere/at/all/x.db",
     "sqlite:////", "http://u:hunter2@h/"],
)  # fmt: skip
def test_a_url_that_names_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Store.open(url)
    assert SECRET not in str(refused.value)
    assert refused.value.problems[0].accepted


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable) as missing:
        Store.open(f"postgresql://u:{SECRET}@127.0.0.1:1/x")
    assert SECRET not in str(missing.value)
    assert "127.0.0.1" in str(missing.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no database at all, but long enough to be looked at as one\n" * 20)
    before = file.read_bytes()
    with pytest.raises(InvalidInput, match="not a database"):
        Store.open(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_new_file_is_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store.open(f"sqlite:///{tmp_path / 'x.sqlite3'}")
        store.put_profile("P", "a: 1\n")
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        store.close()
    finally:
        os.umask(before)
