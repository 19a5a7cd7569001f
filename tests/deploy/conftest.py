"""What the tests of shipping share."""

from collections.abc import Iterator

import pytest

from support.databases import Valkey
from support.simulator import Simulator, start_simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator() as simulator:
        yield simulator


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey(durable=True) as server:
        yield server
