"""Fixtures of the configuration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from configuration_support import EXAMPLE, Installation

from leitstand.configuration.apply import Editor
from leitstand.configuration.secrets import load_sealer
from leitstand.core.clock import Clock
from leitstand.journal.records import Record
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate


@pytest.fixture
def installation(tmp_path: Path, database: str) -> Iterator[Installation]:
    engine = open_engine(tmp_path)
    migrate(engine)
    records: list[Record] = []
    yield Installation(
        tmp_path, engine, records, Editor(engine, load_sealer(tmp_path), records.append, Clock())
    )
    engine.dispose()


@pytest.fixture
def example() -> str:
    return EXAMPLE
