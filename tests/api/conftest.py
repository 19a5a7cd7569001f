"""One house for all tests of the administration; each test works on things of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from api.admin_desk import Desk, open_desk


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path_factory.mktemp("administration")) as desk:
        yield desk
