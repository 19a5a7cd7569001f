"""Several machines in one process table: a data folder each, PostgreSQL and Valkey together."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from support.databases import PostgreSQL, Valkey
from support.house import House, Running

MASTER = "f" * 64


def shared_environment(postgresql: PostgreSQL, valkey: Valkey) -> dict[str, str]:
    """What every machine of one installation is told."""
    return {
        "LEITSTAND_DATABASE": postgresql.new_database(),
        "LEITSTAND_VALKEY": valkey.url,
        "LEITSTAND_MASTER_KEY": MASTER,
    }


@contextmanager
def machines(count: int) -> Iterator[list[House]]:
    """So many empty data folders; whoever uses them sets the shared environment."""
    with ExitStack() as stack:
        yield [stack.enter_context(House()) for _ in range(count)]


def serve_on(house: House, port: int, drain_s: float = 4.0) -> Running:
    """Start a gateway on a port that stays the same over restarts."""
    return house.serve("--port", str(port), environment={"LEITSTAND_DRAIN": str(drain_s)})
