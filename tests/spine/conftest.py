"""One simulator and one server for the tests that only ask; tests that break things start their own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.house import House, Running, configuration
from support.simulator import Simulator, start_simulator


@dataclass(frozen=True)
class Spine:
    """A running house. key: Anna's, for everything she may."""

    simulator: Simulator
    house: House
    server: Running
    key: str

    @property
    def base_url(self) -> str:
        return f"{self.server.url}/v1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Official clients leave sockets to the garbage collector, which may run in any later test of this folder."""
    theirs = pytest.mark.filterwarnings("ignore:.*unclosed <socket:ResourceWarning")
    unraisable = pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
    )
    for item in items:
        if "tests/spine/" in item.path.as_posix():
            item.add_marker(theirs)
            item.add_marker(unraisable)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with start_simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def spine(simulator: Simulator) -> Iterator[Spine]:
    with House(configuration(simulator)) as house:
        server = house.serve()
        yield Spine(simulator, house, server, house.key())


@pytest.fixture(autouse=True)
def _fresh_providers(request: pytest.FixtureRequest) -> None:
    """No test sees faults or logs that another one left at the shared simulator."""
    if "spine" in request.fixturenames or "simulator" in request.fixturenames:
        simulator: Simulator = request.getfixturevalue("simulator")
        for provider in ("openai-eu", "anthropic-eu", "offen", "openai-us", "lokal"):
            simulator.reset(provider)
