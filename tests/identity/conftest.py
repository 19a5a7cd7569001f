"""A fresh identity room per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from identity.identity_desk import IdentityDesk, open_identity


@pytest.fixture
def room(tmp_path: Path, database: str) -> Iterator[IdentityDesk]:
    desk = open_identity(tmp_path)
    yield desk
    desk.engine.dispose()
