"""Checks and agreement: what counts as the same, what does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.prompts.regression.agreement import among, answers_agree, between, similarity
from leitstand.prompts.regression.checks import KINDS, Asked, Check, numbers, passes

_ASKED = Asked(
    "Bitte bieten Sie 12 Stück zu 1.234,50 EUR bis 3.12.2026 an.", "Wir bieten 12 Stück zu 1.234,50 EUR."
)
_ANSWER = "Sehr geehrte Damen und Herren, wir bieten Ihnen 12 Stück zu 1.234,50 EUR bis zum 3.12.2026 an."


@pytest.mark.parametrize(
    ("kind", "value", "answer", "holds"),
    [
        ("contains", "zwölf Stück", "Wir liefern ZWÖLF\n Stück.", True),
        ("contains", ["12", "EUR"], _ANSWER, True),
        ("contains", ["12", "Dollar"], _ANSWER, False),
        ("contains_any", ["Dollar", "eur"], _ANSWER, True),
        ("contains_any", ["Dollar", "Pfund"], _ANSWER, False),
        ("excludes", "Rabatt", _ANSWER, True),
        ("excludes", ["Rabatt", "bieten"], _ANSWER, False),
        ("max_chars", 20, "kurz", True),
        ("max_chars", 20, "x" * 21, False),
        ("min_chars", 5, "kurz", False),
        ("language", "de", "Das ist nicht die Antwort, mit der wir rechnen.", True),
        ("language", "de", "This is not the answer that we expect.", False),
        ("language", "en", "This is not the answer that we expect.", True),
        ("language", "de", "12345", False),
        ("keeps_numbers", True, _ANSWER, True),
        ("keeps_numbers", True, "12 Stück zu 1234.5 EUR am 3.12.2026", True),
        ("keeps_numbers", True, "13 Stück zu 1.234,50 EUR am 3.12.2026", False),
        ("invents_no_numbers", True, _ANSWER, True),
        ("invents_no_numbers", True, _ANSWER + " Skonto 3 %.", False),
        ("similar", 0.5, "Wir bieten 12 Stück für 1.234,50 EUR.", True),
        ("similar", 0.5, "Leider nein.", False),
        ("json_schema", {"type": "object", "required": ["preis"]}, '```json\n{"preis": 3}\n```', True),
        ("json_schema", {"type": "object", "required": ["preis"]}, '{"rabatt": 3}', False),
        ("json_schema", {"type": "object"}, "kein JSON", False),
    ],
)
def test_a_check_holds_or_not(kind: str, value: object, answer: str, holds: bool) -> None:
    assert passes(Check(kind, value), answer, _ASKED) is holds


def test_every_kind_of_check_is_tried_above_and_says_what_is_wrong_with_its_value() -> None:
    for name, kind in KINDS.items():
        assert kind.fault(None), name
        assert kind.de, name
        assert kind.en, name


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.234,50", "1234.5"), ("1,234.50", "1234.5"), ("1234,5", "1234.5"), ("1.234", "1234"), ("0,125", "0.125"),
        ("0.125", "0.125"), ("007", "7"), ("1 234", "1"), ("1'234'567", "1234567"), ("3,10", "3.1"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_meant(written: str, read: str) -> None:
    assert read in numbers(f"zu {written} EUR")


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_similarity_is_symmetrical_and_a_share(one: str, other: str) -> None:
    found = similarity(one, other)
    assert 0 <= found <= 1
    assert found == pytest.approx(similarity(other, one))
    assert similarity(one, one) == 1


def test_json_answers_agree_field_by_field_whatever_their_order() -> None:
    assert answers_agree('{"a": 1, "b": "x"}', '{"b": "x", "a": 1}') == 1
    assert answers_agree('{"a": 1, "b": "x"}', '{"a": 2, "b": "x"}') == 0.5
    assert answers_agree('{"a": 1}', '{"a": true}') == 0


def test_agreement_among_repetitions_is_the_mean_of_all_pairs() -> None:
    assert among(["ja", "ja", "ja"]) == 1
    assert among(["ja"]) == 1
    assert among(["abcdef", "abcdef", "uvwxyz"]) == pytest.approx(1 / 3)
    assert between(["abc"], []) == 0
