"""A migrated database with a configuration and journal records, and the desks over it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accounting_cases import StandingClock
from sqlalchemy import Engine, insert, select, update

from leitstand.accounting.pricelists.desk import PriceDesk
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration, load
from leitstand.configuration.secrets import load_sealer
from leitstand.journal.records import Record
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal

DAY_US = 86_400_000_000
CONFIGURATION = """
organisation: {name: Musterwerk GmbH, timezone: Europe/Berlin}
providers:
  - {name: openai-eu, kind: openai, base_url: "http://127.0.0.1:9", api_key: "env:NONE", region: eu}
  - {name: eigen, kind: openai_compatible, base_url: "http://127.0.0.1:9", region: eu}
models:
  - {name: standard, targets: [{provider: openai-eu, model: gpt-4o-mini}]}
  - {name: fremd, targets: [{provider: eigen, model: unbekannt}]}
"""


@dataclass
class Books:
    """records: audit records that were said."""

    engine: Engine
    editor: Editor
    clock: StandingClock
    records: list[Record] = field(default_factory=list)

    @property
    def configuration(self) -> Configuration:
        return load(self.engine)

    def prices(self) -> PriceDesk:
        return PriceDesk(
            self.editor, self.records.append, self.clock, lambda: self.configuration, lambda: None
        )

    def apply(self, text: str) -> None:
        from leitstand.configuration.file import read

        self.editor.apply(read(text, self.editor.state().known), "test")

    def book(self, request_id: str, **columns: Any) -> None:
        """A journal record of now, unless said otherwise."""
        detail = columns.pop("detail", {})
        with self.engine.begin() as connection:
            seq = len(connection.execute(select(journal.c.seq)).all()) + 1
            row = {
                "seq": seq, "id": request_id, "kind": "interaction", "time_us": self.clock.time_us(), "user": "anna",
                "model": "standard", "provider": "openai-eu", "provider_model": "gpt-4o-mini", "outcome": "ok",
                "hash": "x", "detail": json.dumps(detail),
            }  # fmt: skip
            connection.execute(insert(journal).values(row | columns))

    def alter(self, request_id: str, **columns: Any) -> None:
        """Change a record behind the journal's back."""
        with self.engine.begin() as connection:
            connection.execute(update(journal).where(journal.c.id == request_id).values(columns))


@contextmanager
def open_books(folder: Path, configuration: str = CONFIGURATION) -> Iterator[Books]:
    """An empty installation. Set LEITSTAND_DATABASE before for PostgreSQL."""
    engine = open_engine(folder)
    migrate(engine)
    clock = StandingClock()
    records: list[Record] = []
    books = Books(engine, Editor(engine, load_sealer(folder), records.append, clock), clock, records)
    books.apply(configuration)
    records.clear()
    yield books
    engine.dispose()


def at(text: str) -> int:
    """Microseconds of an ISO moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)
