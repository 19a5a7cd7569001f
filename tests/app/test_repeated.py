"""A round that fails is told once, not each time."""

import logging

import pytest

from leitstand.app.repeated import Repeated
from leitstand.store.engine import DatabaseAway


def rounds(*failures: Exception | None) -> None:
    repeated = Repeated(logging.getLogger("rounds"), "it cannot be done", "it can be done again")
    for failure in failures:
        with repeated:
            if failure is not None:
                raise failure


def test_an_outage_is_one_line_when_it_begins_and_one_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    away = DatabaseAway("no route")
    rounds(None, away, away, away, None, None, away)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "ERROR"]
    assert "it cannot be done" in caplog.messages[0]
    assert caplog.messages[1] == "it can be done again"
    assert not any(record.exc_info for record in caplog.records)


def test_a_fault_of_ours_comes_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    rounds(KeyError("x"), KeyError("x"))
    [told] = caplog.records
    assert told.exc_info is not None


def test_what_ends_the_process_passes() -> None:
    with pytest.raises(KeyboardInterrupt), Repeated(logging.getLogger("rounds"), "a", "b"):
        raise KeyboardInterrupt
