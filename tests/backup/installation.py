"""An installation for tests of backups: a journal, a sealed secret, a document, something in the spool."""

import sqlite3
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import insert

from leitstand.backup.keys import Identity, Recipient
from leitstand.configuration import repository, secrets
from leitstand.journal.chain import Signer
from leitstand.journal.records import INTERACTION, Record
from leitstand.journal.spool import Spool
from leitstand.journal.writer import Writer
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import virtual_key

START_US = 1_790_000_000_000_000
_PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
IDENTITY = Identity(_PRIVATE.private_bytes_raw())
RECIPIENT = Recipient(_PRIVATE.public_key().public_bytes_raw())  # scrypt is slow on purpose; this is not


def record(number: int, **columns: object) -> Record:
    """An interaction with text outside ASCII and every kind of value."""
    values: dict[str, object] = {
        "id": f"req_{number:06d}", "kind": INTERACTION, "time_us": START_US + number * 1_000_000,
        "user": "jürgen", "outcome": "ok", "cost_nano": 415_000 + number, "estimated": number % 2 == 0,
        "detail": {"zone": "ä", "a": [1, "1", None, True, 1.5]},
    }  # fmt: skip
    return Record(**{**values, **columns})  # type: ignore[arg-type]  # the table above has each column's type


def spool_up(data: Path, first: int, count: int) -> None:
    """Leave records in the spool, as a process does that is stopped."""
    spool = Spool(data / "spool")
    for number in range(first, first + count):
        spool.write_now(record(number))
    spool.close()


def build(data: Path, records: int = 9, spooled: int = 3) -> None:
    """Records 1 to `records` are in the journal, the next ones in the spool."""
    engine = open_engine(data)
    migrate(engine)
    with engine.begin() as connection:
        sealed = secrets.seal(secrets.load_sealer(data), "provider/p/api_key", "sk-very-secret")
        repository.put_secret(connection, "provider/p/api_key", sealed, START_US)
        connection.execute(
            insert(virtual_key).values(
                id="key_1", user="anna", hint="lst_a", digest="d" * 64, created_us=START_US
            )
        )
    spool_up(data, 1, records)
    with Writer(engine, data / "spool", Signer.load(data)) as writer:
        writer.drain()
    engine.dispose()
    spool_up(data, records + 1, spooled)
    knowledge = sqlite3.connect(data / "knowledge.sqlite")
    with knowledge:
        knowledge.execute("PRAGMA journal_mode=WAL")
        knowledge.execute("CREATE TABLE document (name TEXT)")
        knowledge.execute("INSERT INTO document VALUES ('Schubladenauszug')")
    knowledge.close()
    (data / "limits.counters").write_bytes(b"counters")
    (data / "models").mkdir()
    (data / "models" / "klein.gguf").write_bytes(b"weights")


def ids(data: Path) -> list[str]:
    """The journal's ids in order."""
    engine = open_engine(data)
    with engine.connect() as connection:
        found = [row[0] for row in connection.exec_driver_sql("SELECT id FROM journal ORDER BY seq")]
    engine.dispose()
    return found
