"""What the journal's tests share: a data folder with tables, records, and the state on disk."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from leitstand.journal.chain import Signer
from leitstand.journal.records import INTERACTION, Record
from leitstand.journal.spool import Spool
from leitstand.journal.verify import Verdict, verify
from leitstand.journal.writer import Writer
from leitstand.store.engine import DATABASE_FILE, open_engine
from leitstand.store.schema import metadata

START_US = 1_790_000_000_000_000


def record(number: int, **columns: object) -> Record:
    """A record whose every column holds something of its own."""
    values: dict[str, object] = {
        "id": f"req_{number:06d}",
        "kind": INTERACTION,
        "time_us": START_US + number * 1_000_000,
        "user": "jürgen",
        "department": "vertrieb",
        "use_case": "angebote",
        "key_id": "key_1",
        "model": "standard",
        "provider": "openai-eu",
        "provider_model": "gpt-4o-mini",
        "region": "eu",
        "data_class": "internal",
        "outcome": "ok",
        "input_tokens": 100 + number,
        "output_tokens": 20,
        "cached_tokens": 10,
        "reasoning_tokens": 5,
        "cost_nano": 415_000 + number,
        "latency_us": 812_345,
        "first_token_us": 120_500,
        "cache": "miss",
        "pseudonymised": 3,
        "detail": {"zone": "ä", "a": [1, "1", None, True, 1.5]},
    }
    return Record(**{**values, **columns})  # type: ignore[arg-type]  # the table above has each column's type


@dataclass
class House:
    """A data folder with a database."""

    data: Path
    engine: Engine

    @classmethod
    def build(cls, data: Path) -> "House":
        house = cls.open(data)
        metadata.create_all(house.engine)
        return house

    @classmethod
    def open(cls, data: Path) -> "House":
        return cls(data, open_engine(data))

    @property
    def spool(self) -> Path:
        return self.data / "spool"

    def writer(self, **options: object) -> Writer:
        return Writer(self.engine, self.spool, Signer.load(self.data), **options)  # type: ignore[arg-type]  # passed on

    def spool_up(self, records: Iterable[Record]) -> None:
        """Write records to the spool and end, as a process does that is stopped."""
        spool = Spool(self.spool)
        for each in records:
            spool.write_now(each)
        spool.close()

    def fill(self, count: int, first: int = 1) -> None:
        """Bring `count` records into the journal."""
        self.spool_up(record(number) for number in range(first, first + count))
        with self.writer() as writer:
            assert writer.drain() == count

    def sql(self, *statements: str) -> None:
        """Change the database behind Leitstand's back."""
        connection = sqlite3.connect(self.data / DATABASE_FILE)
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def column(self, name: str) -> list[object]:
        connection = sqlite3.connect(self.data / DATABASE_FILE)
        values = [row[0] for row in connection.execute(f'SELECT "{name}" FROM journal ORDER BY seq')]
        connection.close()
        return values

    def verify(self) -> Verdict:
        return verify(self.data)
