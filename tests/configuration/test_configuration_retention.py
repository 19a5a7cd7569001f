"""The section `retention`: too short is an error, short is a doubt."""

import pytest
from pydantic import ValidationError

from leitstand.configuration.keeping import Retention, check


def test_a_journal_shorter_than_the_longest_budget_is_refused() -> None:
    with pytest.raises(ValidationError):
        Retention(journal_days=61)
    assert Retention(journal_days=62).journal_days == 62


@pytest.mark.parametrize(("days", "doubts"), [(62, 1), (182, 1), (183, 0), (None, 0)])
def test_less_than_six_months_is_a_doubt(days: int | None, doubts: int) -> None:
    found = check(Retention(journal_days=days), ("retention",))
    assert len(found) == doubts
    assert all(each.severity == "warning" and each.path == ("retention", "journal_days") for each in found)
