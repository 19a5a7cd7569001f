"""What all rooms' tests share: each database that Leitstand runs on."""

from collections.abc import Iterator

import pytest

from support.databases import PostgreSQL


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for the session; take `new_database()` of it."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test on both databases, fresh each: what opens a data folder or starts a command uses this one."""
    kind: str = request.param
    if kind == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        monkeypatch.setenv("LEITSTAND_DATABASE", server.new_database())
    return kind
