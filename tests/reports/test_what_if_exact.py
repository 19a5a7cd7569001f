"""The calculation against the journal: what nothing changes comes out to the nano-euro, and what does not is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from what_if_cases import NOON_US, Company

from leitstand.core.conversation import Usage
from leitstand.reports.what_if.scenario import read
from leitstand.store.engine import open_engine
from leitstand.store.migrate import migrate


@pytest.fixture
def company(tmp_path: Path, database: str) -> Iterator[Company]:
    engine = open_engine(tmp_path)
    migrate(engine)
    yield Company(engine)
    engine.dispose()


USAGES = (
    Usage(1, 1), Usage(1000, 200), Usage(12_345, 678, 9_000), Usage(250_000, 3_000, 1), Usage(777, 0),
    Usage(4_000, 900, 1_000, 2_000), Usage(33, 7, 33), Usage(0, 12),
)  # fmt: skip


def everything(company: Company) -> int:
    total = 0
    for number, usage in enumerate(USAGES * 5):
        for model in ("gross", "klein", "claude", "fern"):
            total += company.call(model, usage, person=number % 9 + 1, time_us=NOON_US + number)
    company.store()
    return total


def test_nothing_changed_reproduces_the_booked_cost_to_the_nano_euro(company: Company) -> None:
    total = everything(company)
    result = company.replay()
    assert result.before_nano == total
    assert (result.after_nano.low, result.after_nano.value, result.after_nano.high) == (total, total, total)
    assert result.control.exact == len(company.rows) == result.requests
    assert (result.control.unknown_price, result.control.differing, result.control.difference_nano) == (
        0,
        0,
        0,
    )
    assert result.moved == 0
    assert result.switch == ""


@pytest.mark.parametrize(
    "scenario",
    [
        {"price_factors": {"*": "1"}},
        {"prices_on": "2026-03-02"},
        {"replace": {"gross": "gemerkt"}, "cache": {"gemerkt": False}},
        {"max_output_tokens": {"*": 1_000_000}},
    ],
)
def test_a_change_that_is_none_is_calculated_from_tokens_and_comes_to_the_same(
    company: Company, scenario: dict[str, object]
) -> None:
    total = everything(company)
    after = company.replay(**scenario).after_nano
    assert (after.low, after.value, after.high) == (total, total, total)


def test_a_price_that_nobody_kept_is_rebuilt_from_its_day_if_it_gives_the_same_id(company: Company) -> None:
    company.call("claude", Usage(1234, 56), keep=False)
    company.store()
    assert company.replay().control.exact == 1


def test_a_record_whose_price_is_lost_keeps_its_booked_amount_and_is_counted(company: Company) -> None:
    total = company.call("gross", keep=False, detail={"price": "0" * 16})
    company.store()
    result = company.replay()
    assert result.after_nano.value == total
    assert (result.control.exact, result.control.unknown_price) == (0, 1)
    assert any("Preis ihres Tages" in note.de for note in result.notes)


def test_failed_attempts_are_proven_each_at_its_own_price_and_grow_with_the_list(company: Company) -> None:
    first, second = company.price("claude"), company.price("gross")
    nano = company.call("claude", Usage(500, 20)) + company.call("gross", Usage(500, 80))
    company.rows.clear()
    parts = [
        {"price": first.snapshot, "nano": 1, "input_tokens": 500, "output_tokens": 20},
        {"price": second.snapshot, "nano": 1, "input_tokens": 500, "output_tokens": 80},
    ]
    company.call("gross", Usage(1000, 100), cost_nano=nano, detail={"booked": parts})
    company.store()
    assert company.replay().control.exact == 1
    assert company.replay(price_factors={"*": "2"}).after_nano.value == pytest.approx(2 * nano, abs=2)


def test_an_estimate_that_does_not_come_out_again_is_told_apart(company: Company) -> None:
    company.call("gross", estimated=True, cost_nano=42)
    company.call("gross", cost_nano=42)
    company.store()
    control = company.replay().control
    assert (control.exact, control.estimated, control.differing) == (0, 1, 1)
    assert control.difference_nano > 0


def test_a_call_whose_process_died_is_taken_as_booked(company: Company) -> None:
    company.call(
        "gross", provider="", provider_model="", outcome="lost", estimated=True, detail={"price": ""}
    )
    company.store()
    result = company.replay(price_factors={"*": "3"})
    assert result.after_nano.value == result.before_nano
    assert result.control.unknown_price == 1


def test_days_and_months_add_up(company: Company) -> None:
    for day in range(3):
        company.call("gross", time_us=NOON_US + day * 86_400_000_000)
    company.call("gross", time_us=NOON_US + 3 * 86_400_000_000)  # after the period
    company.store()
    result = company.result_of(read({"period": {"begin": "2026-03-02", "end": "2026-03-04"}}))
    assert result.requests == 3
