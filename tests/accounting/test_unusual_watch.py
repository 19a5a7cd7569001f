"""The watch over real tables, on both databases: found within minutes, told once, silent after "was expected"."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from leitstand.accounting.budgets.repository import UsageRows
from leitstand.accounting.unusual.findings import FOUND, JUDGED, UnusualUsage
from leitstand.accounting.unusual.repository import UnusualRows
from leitstand.app.unusual import UnusualDesk, UnusualWatch
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import UnusualUsage as Section
from leitstand.core.clock import Clock
from leitstand.core.errors import NotFound
from leitstand.core.events import Events
from leitstand.journal.records import Record
from leitstand.store.engine import open_engine
from leitstand.store.lead import Lead
from leitstand.store.migrate import migrate
from leitstand.store.schema import journal

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class StillClock(Clock):
    """Stands until it is set."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def time(self) -> float:
        return self.at.timestamp()


class Company:
    """Journal, clock, watch and what was said."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self._seq = engine, 0
        self.clock, self.configuration = StillClock(NOON), Configuration()
        self.records: list[Record] = []
        self.events: list[UnusualUsage] = []
        events = Events()
        events.subscribe(UnusualUsage, self.events.append)
        self.desk = UnusualDesk(
            UnusualRows(engine), self.clock, lambda: self.configuration, self.records.append,
            lambda user: ["key_1"] if user == "anna" else [],
        )  # fmt: skip
        lead = Lead(folder / "unusual.lock", engine)
        self.watch = UnusualWatch(self.desk, UsageRows(engine), events, lead)

    def use(self, *rows: dict[str, Any]) -> None:
        filled = []
        for row in rows:
            self._seq += 1
            filled.append({
                "seq": self._seq, "id": f"r{self._seq}", "kind": "interaction", "user": "anna", "department": "vertrieb",
                "use_case": "angebote", "key_id": "", "model": "auto", "provider": "p", "provider_model": "m",
                "outcome": "ok", "input_tokens": 30_000, "output_tokens": 5_000, "cost_nano": 70_000_000, "hash": "x",
                "detail": "{}",
            } | row)  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(insert(journal), filled)

    def weeks_of_use(self) -> None:
        rows = []
        for back in range(42, 0, -1):
            day = NOON - timedelta(days=back)
            for hour in (-2, 0, 2) if day.weekday() < 5 else ():
                for number in range(8):
                    size = 20_000 + 4_000 * ((back + number + hour) % 7)
                    at = int((day + timedelta(hours=hour, minutes=number)).timestamp() * 1e6)
                    rows.append(
                        {"time_us": at, "user": f"u{number}" if number else "anna", "input_tokens": size}
                    )
        self.use(*rows)

    def run_away(self, at: datetime, user: str = "anna", requests: int = 40, **more: Any) -> None:
        begin_us = int(at.timestamp() * 1e6)
        self.use(*(
            {"time_us": begin_us + number * 1_000_000, "user": user, "input_tokens": 200_000, "cost_nano": 410_000_000} | more
            for number in range(requests)
        ))  # fmt: skip

    def look(self, at: datetime) -> None:
        self.clock.at = at
        self.watch.look(threading.Event())


@pytest.fixture
def company(tmp_path: Path, database: str) -> Iterator[Company]:
    engine = open_engine(tmp_path)
    migrate(engine)
    made = Company(engine, tmp_path)
    made.weeks_of_use()
    yield made
    engine.dispose()


def test_a_run_away_is_found_in_minutes_told_once_and_ends(company: Company) -> None:
    company.look(NOON)
    assert company.desk.findings(10) == []
    company.run_away(NOON)
    for minute in (1, 2, 3):
        company.look(NOON + minute * MINUTE)
    found = [each for each in company.desk.findings(10) if each.scope == "user:anna"]
    assert [(each.window, each.rule, each.ended_us) for each in found] == [
        ("hour", "token_use_unusual", None)
    ]
    told = [record for record in company.records if record.detail["scope"] == "user:anna"]
    assert [(record.kind, record.detail["severity"]) for record in told] == [(FOUND, "critical")]
    assert [event.finding.id for event in company.events if event.finding.scope == "user:anna"] == [
        found[0].id
    ]
    assert "user:u3" not in {each.scope for each in company.desk.findings(10)}
    company.look(NOON + 70 * MINUTE)
    (over,) = [each for each in company.desk.findings(10) if each.scope == "user:anna"]
    assert over.ended_us is not None
    assert len([record for record in company.records if record.detail["scope"] == "user:anna"]) == 1


def test_what_was_expected_is_not_found_the_next_day_and_what_was_not_is(company: Company) -> None:
    for user in ("anna", "u2"):
        company.run_away(NOON, user)
    company.look(NOON + MINUTE)
    finding = next(each for each in company.desk.findings(10) if each.scope == "user:anna")
    company.desk.judge(finding.id, "expected", "Jahresabschluss", "petra")
    judged = next(record for record in company.records if record.kind == JUDGED)
    assert (judged.user, judged.detail["verdict"], judged.detail["note"]) == (
        "petra",
        "expected",
        "Jahresabschluss",
    )
    company.look(NOON + 90 * MINUTE)
    tomorrow = NOON + timedelta(days=1)
    for user in ("anna", "u2"):
        company.run_away(tomorrow, user)
    company.look(tomorrow + MINUTE)
    again = [
        each.scope for each in company.desk.findings(50) if each.found_us >= int(tomorrow.timestamp() * 1e6)
    ]
    assert "user:u2" in again
    assert "user:anna" not in again


def test_people_see_only_what_is_about_them_and_their_keys(company: Company) -> None:
    company.run_away(NOON, "anna")
    company.run_away(NOON, "u2", key_id="key_2")
    company.look(NOON + MINUTE)
    assert {each.scope for each in company.desk.findings(10, "anna")} == {"user:anna"}
    assert {each.scope for each in company.desk.findings(10, "u3")} == set()
    assert {"user:anna", "user:u2", "use_case:angebote"} <= {each.scope for each in company.desk.findings(10)}


def test_the_picture_of_a_finding_is_its_last_hours_beside_the_weeks_before(company: Company) -> None:
    company.run_away(NOON)
    company.look(NOON + MINUTE)
    sight = next(each for each in company.desk.sights(10) if each.finding.scope == "user:anna")
    assert len(sight.bars) == 24
    peak = max(sight.bars, key=lambda bar: bar.amount)
    assert peak.amount >= sight.finding.amount
    assert 0 < peak.usual < peak.amount / 10


def test_it_can_be_switched_off_and_made_blind_for_small_amounts(company: Company) -> None:
    company.configuration = replace(
        company.configuration,
        unusual_usage=Section(least_eur=Decimal(1000), least_tokens=10**9, least_requests=10**6),
    )
    company.run_away(NOON)
    company.look(NOON + MINUTE)
    assert company.desk.findings(10) == []
    company.configuration = replace(company.configuration, unusual_usage=Section(enabled=False))
    stop = threading.Event()
    running = threading.Thread(target=company.watch.run, args=(stop,))
    running.start()
    stop.set()
    running.join(20)
    assert company.desk.findings(10) == []


def test_a_verdict_on_nothing_says_so(company: Company) -> None:
    with pytest.raises(NotFound):
        company.desk.judge("unu_none", "seen", "", "petra")
