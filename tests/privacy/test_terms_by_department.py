"""Terms and patterns: whose they are, what beats what, what is refused, and what they would change."""

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from leitstand.configuration.current import Configuration
from leitstand.configuration.models import Pattern, Term
from leitstand.core.errors import InvalidRequest
from leitstand.core.linear_patterns import LinearPattern, PatternRefused
from leitstand.privacy import term_list
from leitstand.privacy.bench import examine
from leitstand.privacy.entities import EntityType
from leitstand.privacy.own_rules import OwnPattern, OwnRules
from leitstand.privacy.scan import Scanner
from leitstand.privacy.trial import Sample, shipped_samples, try_out
from leitstand.privacy.wording import scanner_for, wording

TODAY = date(2026, 11, 24)


def configured(*terms: dict[str, Any], patterns: tuple[dict[str, Any], ...] = ()) -> Configuration:
    kept = [Term.model_validate(term) for term in terms]
    own = [Pattern.model_validate(pattern) for pattern in patterns]
    return Configuration(
        terms={term.key: term for term in kept}, patterns={pattern.name: pattern for pattern in own}
    )


def rules_only(configuration: Configuration, today: date = TODAY) -> Scanner:
    words = wording(configuration, today)
    return Scanner(rules=words.company, departments=words.departments)


def hidden(scanner: Scanner, text: str) -> list[str]:
    return [text[each.start : each.end] for each in scanner.scan_text(text)]


def test_a_departments_term_counts_for_its_requests_only() -> None:
    scanner = rules_only(configured({"text": "Nordlicht", "department": "vertrieb"}, {"text": "Eisvogel"}))
    text = "Nordlicht und Eisvogel"
    assert hidden(scanner.of("vertrieb"), text) == ["Nordlicht", "Eisvogel"]
    assert hidden(scanner.of("einkauf"), text) == ["Eisvogel"]
    assert hidden(scanner.of(""), text) == ["Eisvogel"]


def test_a_reading_of_one_department_is_never_handed_to_another() -> None:
    scanner = rules_only(configured({"text": "Nordlicht", "department": "vertrieb"}))
    text = "Treffen zu Nordlicht"
    for _ in range(2):
        assert hidden(scanner.of("vertrieb"), text) == ["Nordlicht"]
        assert hidden(scanner.of("einkauf"), text) == []


def test_detectors_read_a_text_once_for_all_departments() -> None:
    class Counting:
        read_texts = 0

        def read(self, _text: str) -> list[Any]:
            self.read_texts += 1
            return []

    reader = Counting()
    words = wording(configured({"text": "Nordlicht", "department": "vertrieb"}), TODAY)
    scanner = Scanner(tagger=reader, rules=words.company, departments=words.departments)  # type: ignore[arg-type]
    for department in ("vertrieb", "einkauf", "vertrieb"):
        scanner.of(department).scan_text("Treffen zu Nordlicht")
    assert reader.read_texts == 1


def test_terms_and_patterns_end_with_their_last_day() -> None:
    configuration = configured(
        {"text": "Nordlicht", "until": "2026-11-24"},
        patterns=(
            {"name": "p", "expression": r"PRJ-\d{4}", "examples": ["PRJ-1234"], "until": "2026-11-24"},
        ),
    )
    text = "Nordlicht PRJ-4711"
    assert hidden(rules_only(configuration), text) == ["Nordlicht", "PRJ-4711"]
    assert hidden(rules_only(configuration, date(2026, 11, 25)), text) == []


@pytest.mark.parametrize("level", ["", "vertrieb"])
def test_always_beats_never_of_whichever_level(level: str) -> None:
    other = "" if level else "vertrieb"
    scanner = rules_only(
        configured(
            {"text": "Nordlicht", "department": level},
            {"text": "Nordlicht ", "treat": "never", "department": other},
            {"text": "Nordlicht GmbH", "treat": "never", "department": other},
        )
    )
    assert "Nordlicht" in " ".join(hidden(scanner.of("vertrieb"), "Nordlicht lädt ein"))


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("info@beispiel-werk.example", "Mail an info@beispiel-werk.example bitte"),
        ("Hartmann Fördertechnik", "Angebot der Hartmann Fördertechnik GmbH"),
    ],
)
def test_never_keeps_exactly_what_it_names_readable(term: str, text: str) -> None:
    assert hidden(rules_only(configured()), text)
    assert hidden(rules_only(configured({"text": term, "treat": "never"})), text) == []


@pytest.mark.parametrize("text", ["Frau Anna Koch kommt", "Anna Koch", "IBAN DE89 3704 0044 0532 0130 00"])
def test_never_shows_no_more_than_it_names_and_no_number_with_a_check_digit(text: str) -> None:
    rules = [{"text": "Koch", "treat": "never"}, {"text": "DE89 3704 0044 0532 0130 00", "treat": "never"}]
    assert hidden(rules_only(configured(*rules)), text) == hidden(rules_only(configured()), text) != []


def test_a_pattern_says_in_which_group_the_secret_stands() -> None:
    pattern = {"name": "k", "expression": r"(?i)kunde (?P<v>\d{3,})", "examples": ["Kunde 777"]}
    assert hidden(rules_only(configured(patterns=(pattern,))), "Für Kunde 4711 gilt") == ["4711"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("a*", "leere Stelle"), (r"\b", "leere Stelle"), (".+", "gewöhnlichen Briefs"), (r"\w+", "gewöhnlichen Briefs"),
        ("(", "nicht zu verstehen"), ("(?=x)y", "nicht zu verstehen"), (r"(a)\1", "nicht zu verstehen"),
        ("(?:a{900}){900}", "nicht zu verstehen"), ("x" * 501, "höchstens 500"),
    ],
)  # fmt: skip
def test_dangerous_patterns_are_refused_with_the_reason(expression: str, said: str) -> None:
    with pytest.raises(PatternRefused) as refused:
        LinearPattern(expression)
    assert said in refused.value.de


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|aa)+$", "(x+x+)+y"])
def test_no_pattern_takes_more_than_linear_time(expression: str) -> None:
    pattern = LinearPattern(expression)
    began = time.perf_counter()
    list(pattern.spans("a" * 200_000 + "!" + "x" * 200_000))
    assert time.perf_counter() - began < 5


def test_places_count_characters_not_bytes() -> None:
    assert list(LinearPattern(r"PRJ-\d+").spans("Übergröße €€ PRJ-12")) == [(13, 19)]


def test_examples_and_counter_examples_must_hold() -> None:
    body = {"name": "p", "expression": r"PRJ-\d{4}", "examples": ["PRJ-1234", "nichts"]}
    with pytest.raises(ValidationError, match="example 2"):
        Pattern.model_validate(body)
    with pytest.raises(ValidationError, match="counter-example 1"):
        Pattern.model_validate(body | {"examples": ["PRJ-1234"], "counter_examples": ["alt: PRJ-9999"]})


def test_the_key_of_a_term_tells_nothing_and_ignores_spelling() -> None:
    term = Term.model_validate({"text": "Projekt  Nordlicht"})
    assert "ordlicht" not in term.key
    assert term.key == Term.model_validate({"text": "projekt nordlicht", "treat": "never"}).key
    assert term.key != Term.model_validate({"text": "projekt nordlicht", "department": "vertrieb"}).key


def test_a_trial_counts_hits_and_what_is_hidden_for_no_reason() -> None:
    samples = [Sample("pasted", "Teil 7 für Projekt Nordlicht"), *shipped_samples()]
    trial = try_out(Scanner(), OwnRules(always={"Teil": EntityType.REF_ID}), samples)
    own = next(each for each in trial.effects if each.sample.origin == "pasted")
    assert [own.sample.text[span.start : span.end] for span in own.hidden] == ["Teil"]
    assert trial.over >= 1
    assert any("gewöhnliches Wort" in each.de for each in trial.warnings)


def test_a_trial_warns_of_a_never_that_would_show_nothing() -> None:
    trial = try_out(Scanner(), OwnRules(never=("DE89 3704 0044 0532 0130 00",)), [])
    assert any("Prüfziffer" in each.de for each in trial.warnings)


def test_a_trial_shows_what_a_never_makes_readable() -> None:
    sample = Sample("own", "Mail an info@beispiel-werk.example bitte")
    trial = try_out(Scanner(), OwnRules(never=("info@beispiel-werk.example",)), [sample])
    assert (trial.hidden, trial.shown) == (0, 1)


def test_the_bench_tells_placeholder_and_reason_of_every_find() -> None:
    pattern = OwnPattern("projektnummer", LinearPattern(r"PRJ-\d{4}"), EntityType.REF_ID)
    found = examine("Frau Anna Sommer: PRJ-4711", Scanner(rules=OwnRules(patterns=(pattern,))))
    assert found.leaves == "Frau Vorname_001 Person_001: Kennung_001"
    assert [(each.text, each.placeholders) for each in found.findings] == [
        ("Anna Sommer", ("Vorname_001", "Person_001")), ("PRJ-4711", ("Kennung_001",)),
    ]  # fmt: skip
    assert found.findings[1].entity.detector == "patterns"
    assert "".join(piece.text for piece in found.pieces) == found.text


@given(st.text(min_size=1, max_size=200).filter(str.strip))
def test_the_pieces_of_the_bench_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in examine(text, Scanner(cache_texts=1)).pieces) == text


def test_a_csv_list_comes_back_as_it_went_and_opens_no_formula() -> None:
    terms = [
        Term.model_validate({"text": "=Alpha;Beta", "treat": "never", "comment": 'sagt "ja"'}),
        Term.model_validate({"text": "Nordlicht", "department": "vertrieb", "until": "2027-01-01"}),
    ]
    text = term_list.written(terms)
    assert "\n=Alpha" not in text
    assert [each.key for each in term_list.read(text)] == [each.key for each in terms]
    assert term_list.read(text)[0].comment == 'sagt "ja"'


def test_a_list_with_wrong_lines_names_them_all() -> None:
    with pytest.raises(InvalidRequest) as refused:
        term_list.read("text;treat\nNordlicht;vielleicht\n!!;always\nEisvogel;always\n")
    assert "Zeile 2" in refused.value.de
    assert "Zeile 3" in refused.value.de
    with pytest.raises(InvalidRequest, match="first line"):
        term_list.read("name;wert\na;b\n")


def test_the_company_reads_with_the_tagger_unless_told_otherwise() -> None:
    assert scanner_for(wording(Configuration(), TODAY)).finder.tagger is not None
