"""Fixtures of the HTTP pool's tests: both event loops that Leitstand runs on, and a pool that must end clean."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest
import uvloop

from leitstand.providers.http import Pool

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, LoopFactory]:
    """Every test runs on both loops: their transports differ in what they call, and when."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def pool() -> AsyncGenerator[Pool, None]:
    """A pool with default limits; after the test it is closed and holds nothing."""
    pool = Pool()
    yield pool
    stats = pool.stats()
    assert (stats.busy, stats.waiting) == (0, 0)
    await pool.close()
    assert all(not lane.connections for lane in pool._lanes.values())
