"""The board of limits from real tables, on both databases: sums by hour, states, warnings that are written once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from accounting_cases import NOON
from sqlalchemy import Engine, insert, select

from leitstand.accounting.budgets.board import Board, LimitState, Sources, take_board
from leitstand.accounting.budgets.repository import UsageRows, Used
from leitstand.accounting.budgets.warnings import LimitReached, due, warning_id, warning_record
from leitstand.accounting.counters import Counter, Reading
from leitstand.accounting.leeway import Extension, Leeway
from leitstand.accounting.limits import LimitRule, Measure
from leitstand.accounting.periods import Calendar
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal, usage_hour

ZONE = "Europe/Berlin"
EURO = 1_000_000_000
EVERY_SCOPE = ("company", "department", "use_case", "user", "key", "model")


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[Engine]:
    made = open_engine(tmp_path)
    migrate(made)
    yield made
    made.dispose()


class Book:
    """Writes journal rows with growing numbers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seq = 0

    def write(self, at: datetime, cost: float = 0, detail: dict[str, Any] | None = None, **more: Any) -> None:
        self._seq += 1
        row = {
            "seq": self._seq, "id": f"r{self._seq}", "kind": "interaction", "time_us": int(at.timestamp() * 1e6),
            "user": "anna", "department": "vertrieb", "use_case": "angebote", "key_id": "key_1", "model": "auto",
            "provider": "p", "provider_model": "m", "outcome": "ok", "input_tokens": 10, "output_tokens": 5,
            "cost_nano": int(cost * EURO), "hash": "x", "detail": msgspec.json.encode(detail or {}).decode(),
        }  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(insert(journal).values(**row | more))


def moment(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def advanced(engine: Engine, timezone: str = ZONE) -> UsageRows:
    rows = UsageRows(engine)
    while rows.advance(timezone):
        pass
    return rows


def test_each_scope_has_the_sums_of_its_own_days(engine: Engine) -> None:
    book = Book(engine)
    book.write(moment(10), 1)
    book.write(moment(10, 13), 2, detail={"answered_as": "gross"})
    book.write(moment(11), 4, user="ben", department="")
    book.write(moment(11), 8, outcome="cached", saved_nano=8 * EURO)
    book.write(moment(11), 16, kind="configuration.limit.created")
    rows = advanced(engine)
    found = {kind: sorted(rows.daily(kind, "2026-11-01")) for kind in EVERY_SCOPE}
    day, next_day = "2026-11-10", "2026-11-11"
    assert found["company"] == [Used("", day, 3 * EURO, 30), Used("", next_day, 4 * EURO, 15)]
    assert found["user"] == [
        Used("anna", day, 3 * EURO, 30), Used("anna", next_day, 0, 0), Used("ben", next_day, 4 * EURO, 15),
    ]  # fmt: skip
    assert found["model"] == [
        Used("auto", day, EURO, 15), Used("auto", next_day, 4 * EURO, 15), Used("gross", day, 2 * EURO, 15),
    ]  # fmt: skip
    assert [row.name for row in found["department"]] == ["", "vertrieb", "vertrieb"]


def test_days_are_those_of_the_organisation_and_a_new_time_zone_starts_anew(engine: Engine) -> None:
    Book(engine).write(moment(10, 23), 1)
    assert [row.day for row in advanced(engine).daily("company", "")] == ["2026-11-11"]
    assert [row.day for row in advanced(engine, "Europe/London").daily("company", "")] == ["2026-11-10"]


def test_several_processes_that_keep_it_up_count_nothing_twice(engine: Engine) -> None:
    book = Book(engine)
    for _ in range(60):
        book.write(moment(10), 1)
    UsageRows(engine).advance(ZONE)
    for _ in range(60):
        book.write(moment(10), 1)
    threads = [threading.Thread(target=advanced, args=(engine,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    advanced(engine)
    with engine.connect() as connection:
        assert connection.execute(select(usage_hour.c.requests)).scalars().all() == [120]


# ---------------------------------------------------------------- states


def limit(scope: str, amount: int, measure: Measure = "eur_per_month") -> LimitRule:
    return LimitRule(scope, measure, Decimal(amount))


def board(engine: Engine, *rules: LimitRule, leeway: Leeway | None = None, spent: int = 0) -> Board:
    def read(counters: list[Counter] | Any) -> list[Reading]:
        return [Reading(spent, 7) for _ in counters]

    sources = Sources(advanced(engine).daily, read)
    return take_board(rules, leeway or Leeway(), Calendar(ZONE), NOON, sources)


def test_a_rule_for_each_shows_those_who_used_something_and_have_no_rule_of_their_own(engine: Engine) -> None:
    book = Book(engine)
    for user, day in (("anna", 20), ("ben", 21), ("carla", 21)):
        book.write(moment(day), 1, user=user)
    book.write(moment(1) - timedelta(days=10), 1, user="dora")
    found = board(
        engine, limit("user:*", 50), limit("user:ben", 80), limit("user:*", 9, "requests_per_minute")
    )
    assert [(state.scope, state.rule.scope) for state in found.states] == [
        ("user:anna", "user:*"), ("user:carla", "user:*"), ("user:ben", "user:ben"),
    ]  # fmt: skip
    assert [rule.measure for rule in found.paces] == ["requests_per_minute"]


def test_a_state_tells_spent_held_and_the_limit_with_its_extension(engine: Engine) -> None:
    more = Leeway((Extension("company", "eur_per_month", "2026-11", Decimal(25)),))
    (state,) = board(engine, limit("company", 100), leeway=more, spent=90 * EURO).states
    assert (state.spent, state.held, state.limit, state.extension) == (90 * EURO, 7, 125 * EURO, 25 * EURO)
    assert state.share == pytest.approx(0.72)


def test_a_limit_that_steady_use_will_reach_is_foreseen(engine: Engine) -> None:
    book = Book(engine)
    for back in range(1, 40):
        book.write(datetime.fromtimestamp(NOON, UTC) - timedelta(days=back), 10)
    (state,) = board(engine, limit("company", 260), spent=220 * EURO).states
    assert state.will_be_reached
    assert state.forecast is not None
    assert str(state.forecast.reached) == "2026-11-26"  # ten euros a day, today included


# ---------------------------------------------------------------- warnings


def standing(share: float, scope: str = "company") -> LimitState:
    period = Calendar(ZONE).period("month", NOON)
    return LimitState(limit(scope, 100), scope, period, int(share * 100 * EURO), 0, 100 * EURO)


@pytest.mark.parametrize(
    ("share", "threshold"),
    [(0.69, None), (0.7, "70"), (0.89, "70"), (0.9, "90"), (0.999, "90"), (1.0, "100"), (1.4, "100")],
)
def test_the_gravest_threshold_is_warned_of(share: float, threshold: str | None) -> None:
    assert due(standing(share)) == threshold


def test_a_limit_of_nothing_is_closed_on_purpose() -> None:
    assert due(replace(standing(0), limit=0)) is None


def test_a_warning_has_one_name_for_each_limit_amount_period_and_threshold() -> None:
    first = LimitReached(standing(0.95), "90")
    others = [
        LimitReached(standing(1), "100"),
        LimitReached(standing(0.95, "user:anna"), "90"),
        LimitReached(replace(standing(0.95), limit=120 * EURO), "90"),
    ]
    assert warning_id(first) == warning_id(LimitReached(standing(0.91), "90"))
    assert len({warning_id(each) for each in (first, *others)}) == 4
    assert warning_record(first, 5).detail["limit"] == "100"


def test_people_are_private_until_somebody_must_act() -> None:
    assert standing(0.6, "user:anna").is_private
    assert not standing(0.7, "user:anna").is_private
    assert not standing(0.1, "use_case:angebote").is_private
