"""Every table has a rule for how long its rows stay, and the rules are kept."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from leitstand.configuration.models import Retention
from leitstand.store import retention
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.retention import RULES, Aged, Chained, Owned, State, expire, expired
from leitstand.store.schema import conversation, conversation_message, metadata

DAY_US = 86_400_000_000
NOW_US = 1_790_000_000_000_000


@pytest.fixture
def engine(database: str, tmp_path: Path) -> Engine:
    opened = open_engine(tmp_path)
    migrate(opened)
    return opened


def test_each_table_has_a_rule() -> None:
    """A new table: say in store/retention.py what bounds it, or by which setting its rows grow old."""
    assert set(RULES) == set(metadata.tables)


def test_each_rule_names_what_exists() -> None:
    for name, rule in RULES.items():
        columns = metadata.tables[name].columns
        match rule:
            case Aged():
                assert rule.setting in Retention.model_fields
                assert {rule.since, "id"} <= set(columns.keys())
            case Owned():
                assert isinstance(RULES[rule.owner], Aged)
                assert rule.by in columns
            case Chained():
                assert rule.setting in Retention.model_fields
            case State():
                assert rule.why


def test_each_setting_has_an_effect() -> None:
    used = {rule.setting for rule in RULES.values() if isinstance(rule, Aged | Chained)}
    assert used == set(Retention.model_fields)


def talk(engine: Engine, number: int, age_days: int) -> None:
    with engine.begin() as connection:
        changed_us = NOW_US - age_days * DAY_US
        connection.execute(
            insert(conversation).values(
                id=f"c{number}", user="anna", title=b"", created_us=changed_us, changed_us=changed_us
            )
        )
        connection.execute(
            insert(conversation_message),
            [
                {"id": f"m{number}-{place}", "conversation": f"c{number}", "position": place, "role": "user",
                 "body": b"", "created_us": changed_us}
                for place in range(3)
            ],
        )  # fmt: skip


def count(engine: Engine, name: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one())


def test_old_rows_go_with_all_they_own(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number, age_days in enumerate((400, 500, 31, 600, 30, 1)):
        talk(engine, number, age_days)
    assert expired(engine, "conversations_days", 30, NOW_US) == 4
    assert list(expire(engine, "conversations_days", 30, NOW_US)) == [2, 2]
    assert count(engine, "conversation") == 2
    assert count(engine, "conversation_message") == 6
    assert list(expire(engine, "conversations_days", 30, NOW_US)) == []
    engine.dispose()
