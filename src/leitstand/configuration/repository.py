"""The SQL of configuration and secrets. Rows are JSON texts here; what they mean stands in models.py."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, Engine, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from leitstand.configuration.kinds import Body
from leitstand.store.schema import configuration, configuration_version, secret


class Stored(msgspec.Struct, frozen=True):
    """The body column. value: the object. file: which of its keys the last applied file named."""

    value: Body
    file: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One stored object."""

    kind: str
    name: str
    body: str


_decoder = msgspec.json.Decoder(Stored)


def decode(body: str) -> Stored:
    """The body column as a value; raises msgspec.DecodeError on anything that this file did not write."""
    return _decoder.decode(body)


def encode(stored: Stored) -> str:
    """The body column of a value, with sorted keys, so that equal values give equal texts."""
    return msgspec.json.encode(stored, order="deterministic").decode()


def version(engine: Engine) -> int:
    """The number that grows with each change; 0 before the first. Costs one indexed read."""
    with engine.connect() as connection:
        return connection.execute(select(configuration_version.c.version)).scalar() or 0


def rows(engine: Engine) -> list[Row]:
    """All objects, as one consistent picture."""
    with engine.connect() as connection:
        return rows_in(connection)


def rows_in(connection: Connection) -> list[Row]:
    """All objects, seen inside a transaction."""
    query = select(configuration.c.kind, configuration.c.name, configuration.c.body)
    return [Row(*row) for row in connection.execute(query)]


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the configuration for itself and raises the version when it is committed.

    Its first statement is the write that raises the version: on every database it waits for other writers,
    so what is read afterwards cannot change below. Leave with `connection.rollback()` to change nothing.
    """
    with engine.connect() as connection:
        _raise_version(connection)
        yield connection
        if connection.in_transaction():
            connection.commit()


def _raise_version(connection: Connection) -> None:
    raised = update(configuration_version).values(version=configuration_version.c.version + 1)
    if connection.execute(raised).rowcount:
        return
    try:
        connection.execute(insert(configuration_version).values(id=1, version=1))
    except IntegrityError:  # another process made the row first
        connection.rollback()
        connection.execute(raised)


def put(connection: Connection, changed: Iterable[Row], time_us: int, actor: str) -> None:
    """Write objects, new or changed."""
    values = [
        {"kind": row.kind, "name": row.name, "body": row.body, "changed_us": time_us, "changed_by": actor}
        for row in changed
    ]
    if not values:
        return
    remove(connection, ((row["kind"], row["name"]) for row in values))
    connection.execute(insert(configuration), values)


def remove(connection: Connection, names: Iterable[tuple[object, object]]) -> None:
    """Delete objects by kind and name; names that do not exist are passed over."""
    wanted = [{"the_kind": kind, "the_name": name} for kind, name in names]
    if wanted:
        one = and_(
            configuration.c.kind == bindparam("the_kind"), configuration.c.name == bindparam("the_name")
        )
        connection.execute(delete(configuration).where(one), wanted)


def secret_names(engine: Engine) -> frozenset[str]:
    """The names of all sealed secrets."""
    with engine.connect() as connection:
        return frozenset(connection.execute(select(secret.c.name)).scalars())


def sealed_secrets(connection: Connection) -> dict[str, bytes]:
    """All secrets by name, still sealed."""
    found = connection.execute(select(secret.c.name, secret.c.sealed))
    return {row.name: row.sealed for row in found}


def sealed_secret(engine: Engine, name: str) -> bytes | None:
    """One secret, still sealed."""
    with engine.connect() as connection:
        return connection.execute(select(secret.c.sealed).where(secret.c.name == name)).scalar()


def put_secret(connection: Connection, name: str, sealed: bytes, time_us: int) -> None:
    """Write a sealed secret, new or changed."""
    remove_secrets(connection, [name])
    connection.execute(insert(secret).values(name=name, sealed=sealed, changed_us=time_us))


def remove_secrets(connection: Connection, names: Iterable[str]) -> None:
    """Delete secrets; names that do not exist are passed over."""
    connection.execute(delete(secret).where(secret.c.name.in_(list(names))))
