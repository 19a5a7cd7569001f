"""What the journal says was booked is counted for the model that answered."""

import json
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql

from leitstand.accounting.repository import _counted_for, settled_since
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal


def test_a_call_that_tiers_or_a_downgrade_sent_elsewhere_counts_there(tmp_path: Path, database: str) -> None:
    engine = open_engine(tmp_path)
    migrate(engine)
    shared = {
        "kind": "interaction",
        "time_us": 10,
        "user": "anna",
        "model": "auto",
        "outcome": "ok",
        "hash": b"x",
    }
    details = ({}, {"answered_as": "gross"}, {"answered_as": "gross"}, {"dialect": "chat"})
    rows = [
        shared | {"seq": number, "id": f"req_{number}", "cost_nano": 10**number, "detail": json.dumps(detail)}
        for number, detail in enumerate(details)
    ]
    with engine.begin() as connection:
        connection.execute(insert(journal), rows)
    counted = {settled.subject.model: settled.cost_nano for settled in settled_since(engine, 0)}
    engine.dispose()
    assert counted == {"auto": 1001, "gross": 110}


def test_postgresql_reads_the_text_column_as_json() -> None:
    class Engine:
        dialect = postgresql.dialect()

    text = str(_counted_for(Engine()).compile(dialect=Engine.dialect))
    assert "CAST(journal.detail AS JSON)" in text
