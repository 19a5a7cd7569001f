"""One house for the failures that only ask; those that break a house start their own."""

from collections.abc import Iterator

import pytest

from spine.peers.peer_desk import Desk, peer_configuration
from support.house import House
from support.simulator import Simulator


@pytest.fixture(scope="session")
def built(simulator: Simulator) -> Iterator[Desk]:
    with House(peer_configuration(simulator)) as house:
        office = house.key("sina")
        with Desk(house, house.serve(), simulator, office) as desk:
            yield desk


@pytest.fixture
def desk(built: Desk, simulator: Simulator) -> Desk:
    """The shared house; its providers are as new (the fixture `simulator` makes them so)."""
    return built
