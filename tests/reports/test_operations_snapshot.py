"""The figures of IT operations from a real journal table."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from leitstand.core.classes import Region
from leitstand.reports.operations import (
    Beat,
    OperationsSnapshot,
    Plan,
    Span,
    TargetState,
    bin_middle_s,
    judge,
    percentile,
)
from leitstand.reports.operations_snapshot import recent_requests, take_snapshot
from leitstand.reports.repository import Journal
from leitstand.store.engine import open_engine
from leitstand.store.schema import journal, metadata

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TARGET = TargetState("azure-eu", Region.EU)
OUTCOMES = ("ok", "cached", "failed", "lost", "refused", "left")


@pytest.fixture
def engine(tmp_path: Path, database: str) -> Iterator[Engine]:
    engine = open_engine(tmp_path)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def write(engine: Engine, *rows: dict[str, Any]) -> None:
    """Rows with defaults; `ago` is a timedelta before NOW, `latency_s` in seconds."""
    full = []
    for number, row in enumerate(rows):
        moment = NOW - row.pop("ago", timedelta(minutes=1))
        latency_us = round(row.pop("latency_s", 1.0) * 1e6)
        full.append(
            {"seq": number, "id": f"req_{number}", "kind": "interaction", "hash": "x", "outcome": "ok",
             "provider": "azure-eu", "model": "standard", "user": "anna", "code": "", "cost_nano": 0,
             "saved_nano": 0, "pseudonymised": 0, "fallback": 0,
             "time_us": round(moment.timestamp() * 1e6), "latency_us": latency_us} | row
        )  # fmt: skip
    with engine.begin() as connection:
        connection.execute(journal.insert(), full)


def snapshot(engine: Engine, span: Span = Span.TODAY, *targets: TargetState) -> OperationsSnapshot:
    return take_snapshot(Journal(engine), targets or (TARGET,), span, NOW, BERLIN, Plan(0, None))


def test_refusals_are_no_errors_and_leavers_are_neither(engine: Engine) -> None:
    outcomes = ["ok"] * 6 + ["cached", "failed", "lost", "refused", "left"]
    write(engine, *({"outcome": outcome} for outcome in outcomes))
    totals = snapshot(engine).totals
    assert (totals.requests, totals.answered, totals.failed, totals.refused, totals.cached) == (
        11,
        7,
        2,
        1,
        1,
    )
    assert totals.error_rate == pytest.approx(2 / 10)
    assert totals.cache_rate == pytest.approx(1 / 7)


def test_response_time_is_that_of_answered_requests(engine: Engine) -> None:
    write(engine, *({"latency_s": s} for s in (0.5, 1.0, 9.0)), {"latency_s": 60.0, "outcome": "failed"})
    totals = snapshot(engine).totals
    assert totals.median_s == pytest.approx(1.0, abs=0.02)
    assert totals.p95_s == pytest.approx(9.0, abs=0.2)


def test_availability_counts_slots_in_which_at_least_half_was_answered(engine: Engine) -> None:
    hour = timedelta(hours=1)
    write(
        engine,
        {}, {"outcome": "failed"},
        {"ago": hour, "outcome": "failed"}, {"ago": hour, "outcome": "lost"}, {"ago": hour},
        {"ago": 2 * hour, "outcome": "refused"},
    )  # fmt: skip
    assert snapshot(engine).totals.availability == pytest.approx(1 / 2)


def test_audit_events_and_other_days_do_not_count(engine: Engine) -> None:
    write(engine, {"kind": "identity.session.signed_in"}, {"ago": timedelta(hours=15)}, {})
    assert snapshot(engine).totals.requests == 1
    assert snapshot(engine, Span.DAY).totals.requests == 2


def test_today_begins_at_midnight_of_the_organisation(engine: Engine) -> None:
    assert snapshot(engine).start.isoformat() == "2026-11-17T00:00:00+01:00"


def test_slots_cover_the_span_without_gaps_and_add_up(engine: Engine) -> None:
    write(engine, *({"ago": timedelta(minutes=47 * i), "cost_nano": 7} for i in range(15)))
    for span in Span:
        taken = snapshot(engine, span)
        starts = [slot.start for slot in taken.slots]
        assert starts[0] == taken.start
        assert {later - earlier for earlier, later in itertools.pairwise(starts)} == {
            timedelta(seconds=taken.slot_s)
        }
        assert starts[-1] <= NOW < starts[-1] + timedelta(seconds=taken.slot_s)
        assert sum(slot.totals.requests for slot in taken.slots) == taken.totals.requests == 15
        assert sum(slot.totals.cost_nano for slot in taken.slots) == 105


def test_the_flow_is_the_mean_of_the_last_five_minutes(engine: Engine) -> None:
    write(
        engine,
        {"pseudonymised": 4, "fallback": 1}, {"pseudonymised": 1}, {"outcome": "cached"},
        {"outcome": "refused", "code": "budget_exhausted", "provider": ""}, {"ago": timedelta(minutes=6)},
    )  # fmt: skip
    flow = snapshot(engine).flow
    assert (flow.arrived, flow.refused, flow.cached, flow.sent, flow.protected) == (0.8, 0.2, 0.2, 0.4, 1.0)
    assert flow.tries == pytest.approx(1.5)
    assert flow.refusals == (("budget_exhausted", 1),)


def test_a_provider_is_measured_without_what_the_cache_answered(engine: Engine) -> None:
    write(
        engine,
        {"latency_s": 3.0},
        *({"latency_s": 0.01, "outcome": "cached"} for _ in range(4)),
        {"ago": timedelta(minutes=90), "latency_s": 3.0},
    )
    [figures] = snapshot(engine).providers
    assert figures.totals.requests == 2
    assert figures.totals.median_s == pytest.approx(3.0, abs=0.2)
    assert sum(beat.requests for beat in figures.beats) == 1
    assert figures.beats[-1].requests == 1


def test_providers_without_requests_are_shown_too(engine: Engine) -> None:
    [figures] = snapshot(engine, Span.TODAY, TargetState("neu", Region.LOCAL)).providers
    assert figures.totals.requests == 0
    assert len(figures.beats) == 30


@pytest.mark.parametrize("span", [Span.DAY, Span.WEEK])
def test_figures_grouped_by_the_database_are_those_of_the_rows(engine: Engine, span: Span) -> None:
    dice = random.Random(25)
    rows = [
        {"ago": timedelta(seconds=dice.uniform(0, 8 * 86_400)), "outcome": dice.choice(OUTCOMES), "cost_nano": number,
         "latency_s": dice.choice((0.3, 1.9, 2.1, 40.0, 4000.0)), "provider": dice.choice(("azure-eu", "lokal"))}
        for number in range(2000)
    ]  # fmt: skip
    kept = [row.copy() for row in rows if row["ago"] <= timedelta(days=1 if span is Span.DAY else 7)]
    write(engine, *rows)
    taken = snapshot(engine, span, TARGET)
    latencies = sorted(row["latency_s"] for row in kept if row["outcome"] in ("ok", "cached"))
    assert taken.totals.requests == len(kept)
    assert taken.totals.cost_nano == sum(row["cost_nano"] for row in kept)
    assert taken.totals.failed == sum(row["outcome"] in ("failed", "lost") for row in kept)
    assert taken.totals.median_s == pytest.approx(latencies[len(latencies) // 2], abs=0.11)
    own = [row for row in kept if row["provider"] == "azure-eu" and row["outcome"] != "cached"]
    assert taken.providers[0].totals.requests == len(own)
    for number, slot in enumerate(taken.slots):
        begins = timedelta(seconds=taken.slot_s * number)
        inside = [
            row
            for row in kept
            if begins <= NOW - row["ago"] - taken.start < begins + timedelta(seconds=taken.slot_s)
        ]
        assert slot.totals.requests == len(inside)


def test_recent_requests_come_newest_first_and_without_persons(engine: Engine) -> None:
    write(engine, *({"ago": timedelta(minutes=i), "latency_s": 1.5} for i in (3, 1, 2)))
    rows = recent_requests(Journal(engine), 2)
    assert [row.id for row in rows] == ["req_1", "req_2"]
    assert rows[0].latency_s == 1.5
    assert not any("anna" in str(value) for row in rows for value in vars(row).values())


@pytest.mark.parametrize(
    ("failed", "state"), [(0, "running"), (1, "troubled")], ids=["no failure", "one of ten failed"]
)
def test_a_running_provider_that_fails_too_often_is_troubled(failed: int, state: str) -> None:
    assert judge(TARGET, [Beat(), Beat(10, failed)]).state == state


def test_few_requests_and_old_failures_are_no_trouble() -> None:
    assert judge(TARGET, [Beat(2, 2)]).state == "running"
    assert judge(TARGET, [Beat(50, 50), *[Beat(2)] * 5]).state == "running"


def test_the_gateways_word_stands_above_the_figures() -> None:
    assert judge(TargetState("x", Region.EU, "cooling", NOW), [Beat(9, 9)]).until == NOW


def test_percentiles_come_from_bins_of_known_width() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({0: 1}, 0.5) == pytest.approx(0.01)
    assert bin_middle_s(99) == pytest.approx(1.99)
    assert bin_middle_s(100) == pytest.approx(2.1)
