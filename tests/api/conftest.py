from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from exitbrain.api.serving import application

from .serving import Served, serving
from .worlds import URL, World, made_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = made_world(tmp_path_factory.mktemp("home"))
    yield made
    made.bench.close()


@pytest.fixture(scope="session")
def client(world: World) -> TestClient:
    return TestClient(application(world.bench, world.access()), base_url=URL, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all that ask a real one; what a test starts there is its own by its seed."""
    with serving(tmp_path_factory.mktemp("served")) as one:
        yield one
