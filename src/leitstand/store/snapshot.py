"""What the gateway needs of a shared database, kept sealed in the data folder for a start without it.

Configuration, virtual keys (hashed) and provider secrets (sealed once more in themselves); nothing of people's texts.
It is read back as a database in memory, so that the same repositories read it.
"""

import os
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, StaticPool, create_engine, insert, select

from leitstand.core.sealing import Sealer, WrongKey
from leitstand.store.schema import configuration, configuration_version, metadata, secret, virtual_key

FILE = "snapshot.sealed"
_TABLES = (configuration_version, configuration, secret, virtual_key)
_CONTEXT = "store:snapshot"
_Rows = dict[str, list[dict[str, Any]]]


def keep(engine: Engine, data: Path, sealer: Sealer) -> None:
    """Replace the snapshot by what the database holds now; raises SQLAlchemyError or OSError."""
    rows: _Rows = {}
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for table in _TABLES:
            rows[table.name] = [dict(row) for row in connection.execute(select(table)).mappings()]
    draft = data / f".{FILE}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_bytes(sealer.seal(msgspec.msgpack.encode(rows), _CONTEXT))
    draft.replace(data / FILE)


def recall(data: Path, sealer: Sealer) -> Engine | None:
    """The kept tables as a database in memory; None where none was kept, or it does not open with this key."""
    try:
        clear = sealer.open((data / FILE).read_bytes(), _CONTEXT)
        rows = msgspec.msgpack.decode(clear, type=_Rows)
    except (OSError, WrongKey, msgspec.DecodeError):
        return None
    engine = create_engine(
        "sqlite+pysqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    with engine.begin() as connection:
        metadata.create_all(connection, tables=list(_TABLES))
        for table in _TABLES:
            if rows.get(table.name):
                connection.execute(insert(table), rows[table.name])
    return engine
