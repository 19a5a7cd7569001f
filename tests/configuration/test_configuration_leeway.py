"""Extensions and grace in a file: what they may say, and that those without effect are told of."""

from datetime import date

import pytest

from leitstand.configuration.file import read
from leitstand.configuration.finding import Finding

TODAY = date(2026, 11, 23)
BASE = "users: [{name: anna}]\nlimits: [{scope: 'user:*', eur_per_month: 5}]\n"


def findings(**values: object) -> list[Finding]:
    """Of one extension with these fields; the others are good."""
    good = {
        "scope": "user:anna",
        "measure": "eur_per_month",
        "period": "2026-11",
        "amount": 5,
        "reason": "Messe",
    }
    fields = ", ".join(f"{name}: '{value}'" for name, value in {**good, **values}.items())
    return list(read(f"{BASE}extensions: [{{{fields}}}]\n", None, TODAY).findings)


def grace(fields: str) -> list[Finding]:
    return list(read(f"{BASE}graces: [{{{fields}, reason: Messe}}]\n", None, TODAY).findings)


def test_an_extension_of_a_limit_for_each_is_good() -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scope", "user:*"), ("period", "2026-11-23"), ("period", "2026-13"), ("amount", 0), ("reason", ""),
        ("measure", "requests_per_minute"),
    ],
)  # fmt: skip
def test_an_extension_that_says_nothing_clear_is_an_error(field: str, value: object) -> None:
    assert [each.severity for each in findings(**{field: value})] == ["error"]


def test_extensions_without_effect_are_told_of() -> None:
    over, unlimited = findings(period="2026-10"), findings(scope="department:vertrieb")
    assert [(each.severity, each.path.rpartition(".")[2]) for each in (*over, *unlimited)] == [
        ("warning", "period"), ("warning", "scope"),
    ]  # fmt: skip


def test_grace_names_one_scope_and_an_amount() -> None:
    assert grace("scope: 'user:anna', until: 2026-11-30, eur: 10") == []
    for wrong in ("scope: company, until: 2026-11-30, eur: 1", "scope: 'user:anna', until: 2026-11-30"):
        assert [each.severity for each in grace(wrong)] == ["error"]
    (over,) = grace("scope: 'user:anna', until: 2026-11-22, tokens: 9")
    assert over.severity == "warning"
