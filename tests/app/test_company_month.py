"""The company's month on the page IT-Betrieb: the limit with what was added to it, and all that counts towards it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.counters import Counter, Reading
from leitstand.app.budgets import BudgetDesk
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import Extension, Limit
from leitstand.core.clock import Clock
from leitstand.store.engine import open_engine
from leitstand.store.schema import journal, metadata

NOW = datetime(2026, 11, 17, 13, 0, tzinfo=UTC)


class Fixed(Clock):
    def time(self) -> float:
        return NOW.timestamp()


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[Engine]:
    engine = open_engine(tmp_path)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def desk(engine: Engine, configuration: Configuration, spent: int = 0) -> BudgetDesk:
    def read(counters: Sequence[Counter]) -> Sequence[Reading]:
        return [Reading(spent, 0) for _ in counters]

    unused: Any = None
    return BudgetDesk(UsageRows(engine), unused, Fixed(), lambda: configuration, lambda: None, read)


def test_an_extension_of_the_company_counts_until_its_month_ends(engine: Engine) -> None:
    limit = Limit(scope="company", eur_per_month=Decimal(100))
    added = [
        Extension(
            scope="company", measure="eur_per_month", period=month, amount=Decimal(30), reason="Messe"
        )
        for month in ("2026-11", "2026-10")
    ]  # fmt: skip
    month = desk(
        engine,
        Configuration(
            limits={limit.key: limit}, extensions={str(number): each for number, each in enumerate(added)}
        ),
        7,
    ).company_month()
    assert month is not None
    assert (month.spent, month.limit) == (7, 130_000_000_000)


def test_there_is_no_month_without_a_limit_in_euro_for_the_company(engine: Engine) -> None:
    others = (
        Limit(scope="user:*", eur_per_month=Decimal(1)),
        Limit(scope="company", eur_per_day=Decimal(1)),
    )
    assert desk(engine, Configuration(limits={each.key: each for each in others})).company_month() is None


def test_the_cost_of_the_month_has_requests_and_tools_of_this_month_only(engine: Engine) -> None:
    rows = [("interaction", 17, 11, 5), ("tool_call", 2, 11, 7), ("interaction", 28, 10, 100)]
    with engine.begin() as connection:
        for seq, (kind, day, month, cost_nano) in enumerate(rows, 1):
            time_us = int(datetime(2026, month, day, 8, tzinfo=UTC).timestamp() * 1e6)
            connection.execute(
                journal.insert().values(
                    seq=seq,
                    id=f"r{seq}",
                    kind=kind,
                    time_us=time_us,
                    outcome="ok",
                    cost_nano=cost_nano,
                    hash="x",
                )
            )
    assert desk(engine, Configuration()).month_cost_nano() == 12
