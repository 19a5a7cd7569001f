"""The review of a month from real tables, on both databases: figures equal the ledger, small groups stay hidden."""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, func, insert, select

from leitstand.accounting.budgets.repository import Used
from leitstand.accounting.limits import LimitRule
from leitstand.app.jobs.monthly_review import build
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import Limit
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.journal.records import Record
from leitstand.reports.review.decompose import MonthUse, decompose
from leitstand.reports.review.decompose import Used as ModelUse
from leitstand.reports.review.desk import GENERATED, NOTED, ReviewDesk
from leitstand.reports.review.groups import Group, merged
from leitstand.reports.review.limits import check_limits
from leitstand.reports.review.told import csv_text, markdown
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal
from support.turns import MemoryTurn

EURO = 1_000_000_000
PEOPLE = [f"p{number}" for number in range(8)]


class Book:
    """A journal of two months and a desk on the first of the third."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self._seq = engine, 0
        self._rows: list[dict[str, Any]] = []
        self.records: list[Record] = []
        self.configuration = Configuration()
        clock = Clock(start=datetime(2026, 12, 1, 4, tzinfo=UTC))
        self.desk = ReviewDesk(engine, clock, lambda: self.configuration, self.records.append)

    def write(self, at: datetime, cost_nano: int, **more: Any) -> None:
        self._seq += 1
        row = {
            "seq": self._seq, "id": f"r{self._seq}", "kind": "interaction", "time_us": int(at.timestamp() * 1e6),
            "user": "p1", "department": "vertrieb", "use_case": "angebote", "key_id": "", "model": "auto",
            "provider": "openai", "provider_model": "gross", "outcome": "ok", "input_tokens": 1000,
            "output_tokens": 200, "cost_nano": cost_nano, "cache": "off", "hash": "x", "detail": "{}",
        }  # fmt: skip
        self._rows.append(row | more)

    def flush(self) -> None:
        """Put what was written into the journal."""
        with self.engine.begin() as connection:
            for row in self._rows:
                connection.execute(insert(journal).values(**row))
        self._rows.clear()

    def two_months(self) -> None:
        for month, factor in ((10, 2), (11, 3)):
            for number, user in enumerate(PEOPLE * factor):
                at = datetime(2026, month, 1 + number, 9, tzinfo=UTC)
                self.write(at, 70_000_001 * factor + number, user=user, input_tokens=1000 + 37 * number)
                cheap = {"provider_model": "klein", "use_case": "it-hilfe", "department": "it"}
                self.write(at, 1_000_003, user=user, **cheap)
                self.write(
                    at + timedelta(hours=1), 0, user=user, outcome="cached", cache="hit", saved_nano=9_999_999
                )
        self.write(
            datetime(2026, 11, 5, tzinfo=UTC),
            333_333_337,
            user="chef",
            use_case="geheim",
            department="leitung",
        )
        self.write(datetime(2026, 11, 6, tzinfo=UTC), 5, kind="tool_call", provider="wiki", provider_model="suche",
                   input_tokens=0, output_tokens=0, unpriced=True)  # fmt: skip
        self.write(datetime(2026, 11, 30, 22, 59, tzinfo=UTC), 7, estimated=True)
        self.write(datetime(2026, 11, 30, 23, 1, tzinfo=UTC), 11)  # December in Berlin

    def ledger(self, month: int) -> int:
        """What the journal booked in a month of Berlin's winter."""
        begin = datetime(2026, month, 1, tzinfo=UTC) - timedelta(hours=1 if month > 10 else 2)
        end = datetime(2026, month % 12 + 1, 1, tzinfo=UTC) - timedelta(hours=1)
        query = select(func.sum(journal.c.cost_nano)).where(
            journal.c.time_us >= int(begin.timestamp() * 1e6), journal.c.time_us < int(end.timestamp() * 1e6)
        )
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


@pytest.fixture
def book(tmp_path: Path, database: str) -> Iterator[Book]:
    engine = open_engine(tmp_path)
    migrate(engine)
    made = Book(engine)
    made.two_months()
    made.flush()
    yield made
    engine.dispose()


def test_totals_groups_and_effects_equal_the_ledger_to_the_nano_euro(book: Book) -> None:
    review = book.desk.generate("2026-11", "petra").review
    assert review.before is not None
    assert review.totals.cost_nano == book.ledger(11)
    assert review.before.cost_nano == book.ledger(10)
    for drivers in review.drivers:
        rows = [*drivers.rows, *([drivers.rest] if drivers.rest else [])]
        assert sum(row.cost_nano for row in rows) == review.totals.cost_nano
        assert sum(row.requests for row in rows) == review.totals.requests
    assert sum(effect.nano for effect in review.effects) == review.totals.cost_nano - review.before.cost_nano
    assert review.is_complete
    assert review.totals.cached == 24
    assert review.totals.saved_nano == 24 * 9_999_999


def test_a_group_of_few_is_in_no_row_and_no_difference(book: Book) -> None:
    text = msgspec.json.encode(book.desk.generate("2026-11", "petra").review).decode()
    assert "geheim" not in text
    assert "leitung" not in text
    assert not any(f'"{name}"' in text for name in (*PEOPLE, "chef"))
    review = book.desk.get("2026-11").review
    cases = next(each for each in review.drivers if each.kind == "use_case")
    assert [row.name for row in cases.rows] == [
        "angebote"
    ]  # `it-hilfe` joined `geheim`, so its cost stays unknown
    assert cases.rest is not None
    assert cases.rest.cost_nano > 333_333_337


def test_short_requests_to_a_dear_model_are_priced_at_the_cheap_one(book: Book) -> None:
    (cheaper,) = book.desk.generate("2026-11", "petra").review.cheaper
    assert (cheaper.model, cheaper.to_model, cheaper.use_case) == ("gross", "klein", "angebote")
    assert cheaper.saving_nano > 20 * cheaper.cheaper_nano


def test_uncertain_amounts_and_the_outlook_are_told(book: Book) -> None:
    review = book.desk.generate("2026-11", "petra").review
    assert {(each.model, each.why, each.cost_nano) for each in review.uncertain} == {
        ("suche", "unpriced", 5), ("gross", "estimated", 7),
    }  # fmt: skip
    assert review.ahead is not None
    assert review.ahead.month == "2026-12"
    assert review.ahead.low_nano <= review.ahead.expected_nano <= review.ahead.high_nano


def test_limits_of_the_month_are_judged(book: Book) -> None:
    limits = [
        Limit(scope="company", eur_per_month=Decimal(1000)),
        Limit(scope="use_case:angebote", eur_per_month=Decimal(1)),
        Limit(scope="use_case:geheim", eur_per_month=Decimal(1)),
        Limit(scope="user:chef", eur_per_month=Decimal(1)),
    ]
    book.configuration = replace(book.configuration, limits={each.key: each for each in limits})
    found = {each.scope: each for each in book.desk.generate("2026-11", "petra").review.limits}
    assert set(found) == {"company", "use_case:angebote"}
    assert (found["company"].advice, found["company"].spent) == ("lower", book.ledger(11))
    assert found["use_case:angebote"].advice == "raise"
    assert found["use_case:angebote"].reached_on == "2026-11-05"
    assert found["use_case:angebote"].suggested > EURO


def test_a_review_is_kept_with_its_notes_when_it_is_made_anew(book: Book) -> None:
    with pytest.raises(NotFound):
        book.desk.get("2026-11")
    first = book.desk.generate("2026-11", "system")
    book.desk.write("2026-11", "Grenze erhöht.\r\nWeiter so.", "jonas")
    book.write(datetime(2026, 11, 7, tzinfo=UTC), 1_000)
    book.flush()
    second = book.desk.generate("2026-11", "petra")
    assert (first.revision, second.revision, second.created_by) == (1, 2, "petra")
    assert (second.notes, second.notes_by) == ("Grenze erhöht.\nWeiter so.", "jonas")
    assert second.review.totals.cost_nano == first.review.totals.cost_nano + 1_000
    assert [record.kind for record in book.records] == [GENERATED, NOTED, GENERATED]
    assert [record.user for record in book.records] == ["system", "jonas", "petra"]
    assert book.desk.months() == ["2026-11"]


def test_what_is_no_month_says_so(book: Book) -> None:
    for month in ("2026-13", "2026-1", "heute", "2027-01", "2026-11'; --"):
        with pytest.raises(InvalidRequest):
            book.desk.generate(month, "petra")


def test_a_month_of_nothing_is_reviewed_too(book: Book) -> None:
    review = book.desk.generate("2026-03", "petra").review
    assert (review.totals.cost_nano, review.before, review.effects) == (0, None, ())


def test_it_leaves_as_markdown_and_csv(book: Book) -> None:
    kept = book.desk.generate("2026-11", "petra")
    for language, title in (("de", "# Monatsrückblick 2026-11"), ("en", "# Monthly review 2026-11")):
        assert markdown(kept, language).startswith(title)
    lines = csv_text(kept.review).splitlines()
    total = f"{kept.review.totals.cost_nano / EURO:.9f}".rstrip("0").replace(".", ",")
    assert f"2026-11;totals;;cost_eur;{total}" in lines
    assert all(line.count(";") == 4 for line in lines)


def test_the_job_reviews_the_month_that_ended_once(book: Book) -> None:
    class House:
        reviews = book.desk

    job = build(House())  # type: ignore[arg-type]
    schedule = job.schedule()
    assert schedule is not None
    turn = MemoryTurn(due=datetime(2026, 12, 1, 5, tzinfo=UTC))
    assert "2026-11" in job.work(turn).de
    job.work(turn)
    assert book.desk.get("2026-11").revision == 1
    job.work(MemoryTurn(options={"month": "2026-10", "actor": "petra"}))
    assert book.desk.get("2026-10").created_by == "petra"
    assert f"{schedule.following(datetime(2026, 11, 24, tzinfo=UTC)):%d %H:%M}" == "01 05:00"


def test_the_command_prints_the_review_and_its_figures(book: Book, tmp_path: Path) -> None:
    from leitstand.cli import main

    def told(*args: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main.run(["usage", *args, "--data", str(tmp_path)], lambda: None) == 0
        return out.getvalue()

    facts = json.loads(told("review", "2026-10", "--json"))
    assert facts["totals"]["cost_nano"] == book.ledger(10)
    assert facts["created_by"].startswith("cli:")
    assert told("review", "2026-10", "--language", "en").startswith("# Monthly review 2026-10")
    assert told("review", "2026-10", "--csv").startswith("monat;tabelle")
    assert json.loads(told("unusual", "--json")) == []


# ---------------------------------------------------------------- pure


def use(cached: int, **models: tuple[int, int, int]) -> MonthUse:
    return MonthUse(cached, {("p", name): ModelUse(*figures) for name, figures in models.items()})


@pytest.mark.parametrize(
    ("after", "factor"),
    [
        (use(10, a=(200, 20_000, 2_000_000), b=(20, 4_000, 40_000)), "volume"),
        (use(5, a=(100, 20_000, 2_000_000), b=(10, 4_000, 40_000)), "size"),
        (use(5, a=(100, 10_000, 3_000_000), b=(10, 2_000, 60_000)), "price"),
        (use(60, a=(50, 5_000, 500_000), b=(5, 1_000, 10_000)), "cache"),
        (use(5, a=(10, 1_000, 100_000), b=(100, 20_000, 200_000)), "mix"),
    ],
)
def test_a_change_of_one_factor_is_that_factors_effect(after: MonthUse, factor: str) -> None:
    before = use(5, a=(100, 10_000, 1_000_000), b=(10, 2_000, 20_000))
    effects = {each.factor: each.nano for each in decompose(before, after)}
    assert sum(effects.values()) == after.cost_nano - before.cost_nano
    if factor == "volume":
        assert effects["volume"] == after.cost_nano - before.cost_nano
    assert max(effects, key=lambda name: abs(effects[name])) == factor
    assert all(abs(nano) <= 1 for name, nano in effects.items() if name != factor)


def test_effects_add_up_whatever_the_months_were() -> None:
    before = use(7, a=(13, 9_001, 777_777), tool=(3, 0, 91), old=(1, 17, 5))
    after = use(0, a=(17, 8_009, 1_234_567), tool=(4, 0, 1_000), new=(5, 1_313, 999_983))
    for first, second in ((before, after), (after, before), (use(0), after), (before, use(3))):
        effects = decompose(first, second)
        assert sum(each.nano for each in effects) == second.cost_nano - first.cost_nano


def group(people: int, cost: int, begin: int = 0) -> Group:
    return Group({f"x{number}" for number in range(begin, begin + people)}, 1, 1, cost)


def test_small_groups_are_merged_until_the_rest_is_large_enough() -> None:
    shown, rest = merged({"a": group(9, 90), "b": group(6, 50), "c": group(2, 10, 100)})
    assert list(shown) == ["a"]
    assert rest is not None
    assert (len(rest.people), rest.cost_nano) == (8, 60)
    assert merged({"a": group(9, 90)}) == ({"a": group(9, 90)}, None)


@pytest.mark.parametrize(("reached", "shown"), [(0, True), (2, False), (6, True)])
def test_persons_who_reached_a_limit_are_counted_in_groups_only(reached: int, shown: bool) -> None:
    rule = LimitRule("user:*", "eur_per_month", Decimal(10))
    used = [
        Used(name, "2026-11-03", 11 * EURO if index < reached else EURO, 0)
        for index, name in enumerate(PEOPLE)
    ]
    found = check_limits([rule], lambda kind: used if kind == "user" else [], 30, {})
    assert [each.reached for each in found] == ([reached] if shown else [])
    assert all(each.spent == 0 for each in found)
