"""No test asks a model over a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import worlds


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of hourly bars of TSTUSDT, a hundred days."""
    path = tmp_path_factory.mktemp("market") / "TSTUSDT_1h.parquet"
    worlds.candles().write_parquet(path)
    return path


@pytest.fixture
def models() -> Iterator[Any]:
    package = pytest.importorskip("pydantic_ai", reason="the extra llm is not installed")
    from pydantic_ai import models as of_package

    with of_package.override_allow_model_requests(False):
        yield package


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "EXITBRAIN_MODEL", "EXITBRAIN_MODEL_URL", "EXITBRAIN_HOME"):
        monkeypatch.delenv(name, raising=False)
