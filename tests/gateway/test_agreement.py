"""The second look of the semantic cache: which questions say the same, and why others do not."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.gateway.agreement import KINDS, disagreement
from leitstand.gateway.reading import is_lasting, is_readable, read

_BENCH = Path(__file__).parents[2] / "bench" / "semantic_cache.py"

SAME = [
    ("Wie beantrage ich Urlaub?", "Wie stelle ich einen Urlaubsantrag?"),
    ("Wie setze ich mein Passwort zurück?", "Wie kann ich mein Kennwort zurücksetzen?"),
    ("Überweise 1.000,50 €.", "Überweise bitte 1000,5 Euro."),
    ("Was gilt am 12.03.2026?", "Was gilt am 12. März 2026?"),
    ("Der Termin ist um 10 Uhr.", "Der Termin ist um 10:00 Uhr."),
    ("Nenne zwanzig Ideen.", "Nenne 20 Ideen."),
    ("Was kostet die FB-200?", "Wie teuer ist die FB200?"),
    ("Vergleiche Stahl und Aluminium.", "Vergleiche Aluminium und Stahl."),
    ("Schreibe zur Werkseröffnung.", "Schreibe zur Eröffnung des Werks."),
    ("wie lange gilt die garantie", "Wie lange gilt die Garantie?"),
    ("Schreibe Person_001 eine Absage.", "Bitte schreibe Person_001 eine Absage."),
    ("Übersetze den Satz ins Englische.", "Übersetze den Satz auf Englisch."),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_in_other_words_agrees(one: str, other: str) -> None:
    assert disagreement(read(one), read(other)) is None


DIFFERENT = [
    ("Zahle 1.000,50 Euro", "Zahle 1.000,05 Euro", "number"),
    ("Zahle 1.000 Euro", "Zahle 1,000 Euro", "number"),
    ("Zahle 10 Euro", "Zahle 10 Dollar", "number"),
    ("Was gilt am 12. März?", "Was gilt am 12. April?", "number"),
    ("Komm um 10 Uhr", "Komm um 11 Uhr", "number"),
    ("Der Drucker im 2. Stock", "Der Drucker im dritten Stock", "number"),
    ("Was kostet FB-200?", "Was kostet FB-300?", "number"),
    ("Was zahlt Firma_001?", "Was zahlt Firma_002?", "name"),
    ("Korrigiere „ich gehe“", "Korrigiere „ich ging“", "quote"),
    ("Übersetze: Der Hund bellt", "Übersetze: Die Hunde bellen", "quote"),
    ("Darf ich rauchen?", "Darf ich nicht rauchen?", "negation"),
    ("Wer zahlt Zoll?", "Wer zahlt keinen Zoll?", "negation"),
    ("Liefern wir vor Mai?", "Liefern wir nach Mai?", "direction"),
    ("Brauche ich höchstens drei?", "Brauche ich mindestens drei?", "direction"),
    ("Darf ich kündigen?", "Muss ich kündigen?", "modality"),
    ("Kann ich das lesen?", "Konnte ich das lesen?", "modality"),
    ("Ist das Lager offen?", "War das Lager offen?", "tense"),
    ("Hat der Kunde bezahlt?", "Bezahlt der Kunde?", "tense"),
    ("Wird die Anlage geprüft?", "Ist die Anlage geprüft?", "tense"),
    ("Prüfe alle Rechnungen", "Prüfe einige Rechnungen", "quantity"),
    ("Kaufe Wartung und Reparatur", "Kaufe Wartung oder Reparatur", "quantity"),
    ("Wann kommt er?", "Warum kommt er?", "question"),
    ("Brauche ich Belege?", "Welche Belege brauche ich?", "question"),
    ("Antworte Frau Person_001", "Antworte Herrn Person_001", "gender"),
    ("Ein Zeugnis für eine Auszubildende", "Ein Zeugnis für einen Auszubildenden", "gender"),
    ("Schreibe ins Englische", "Schreibe ins Spanische", "language"),
    ("Erkläre es kurz", "Erkläre es ausführlich", "format"),
    ("Wie beantrage ich Urlaub?", "Wie beantrage ich Elternzeit?", "word"),
    ("Schreibe dem Kunden", "Schreibe der Kundin", "word"),
    ("Ist die Klausel wirksam?", "Ist die Klausel unwirksam?", "word"),
    ("Wie zahle ich Rechnungen?", "Wie zähle ich Rechnungen?", "word"),
    ("Kann man die Presse abschalten?", "Kann man die Presse anschalten?", "word"),
    ("Ist C# gut?", "Ist C++ gut?", "word"),
    ("Was ist 5 + 3?", "Was ist 5 - 3?", "word"),
    ("Wert < 5", "Wert > 5", "word"),
    ("½ Liter Milch", "¼ Liter Milch", "word"),
    ("Was heißt привет?", "Was heißt пока?", "word"),
    ("Was bedeutet 👍?", "Was bedeutet 👎?", "word"),
    ("Erstelle einen Listenpreis", "Erstelle eine Liste der Preise", "format"),
]


@pytest.mark.parametrize(("one", "other", "kind"), DIFFERENT)
def test_another_question_is_told_apart_with_the_reason(one: str, other: str, kind: str) -> None:
    for first, second in ((one, other), (other, one)):
        found = disagreement(read(first), read(second))
        assert found is not None
        assert found.kind == kind


SWAPPED = [
    ("Was kostet der Weg von Köln nach Bonn?", "Was kostet der Weg von Bonn nach Köln?"),
    (
        "Muss der Verkäufer dem Käufer den Schaden melden?",
        "Muss der Käufer dem Verkäufer den Schaden melden?",
    ),
    ("Die Kundin verklagt die Lieferantin.", "Die Lieferantin verklagt die Kundin."),
    ("Schuldet Firma_001 der Firma_002 Geld?", "Schuldet der Firma_001 Firma_002 Geld?"),
    ("Schreibe an Person_001 wegen Person_002.", "Schreibe wegen Person_001 an Person_002."),
    ("Ersetze Schraube durch Mutter", "Ersetze Mutter durch Schraube"),
    ("Wandle PDF in Word um", "Wandle Word in PDF um"),
    ("wie rechne ich brutto in netto um", "wie rechne ich netto in brutto um"),
    ("Erhöhe den Preis von 5 auf 10 Euro", "Erhöhe den Preis von 10 auf 5 Euro"),
    ("Teile 10 durch 5", "Teile 5 durch 10"),
    ("Ist A besser als B?", "Ist B besser als A?"),
    ("Was muss mir der Chef zahlen?", "Was muss ich dem Chef zahlen?"),
    ("Was muss Firma_001 mir zahlen?", "Was muss ich Firma_001 zahlen?"),
    ("Was sind deine Stärken?", "Was sind meine Stärken?"),
    ("Wird der Kunde vom Lieferanten verklagt?", "Verklagt der Kunde den Lieferanten?"),
    ("Muss der Mieter informieren?", "Muss der Mieter informiert werden?"),
    ("Die Lieferantin verklagt die Kundin.", "Die Lieferantin wird von der Kundin verklagt."),
    ("Welche Kollegen informiert Frau Person_001?", "Welche Kollegen informieren Frau Person_001?"),
    ("Ich bin Verkäufer. Was darf der Kunde?", "Ich bin Kunde. Was darf der Verkäufer?"),
    ("Wie berechne ich den Preis aus der Marge?", "Wie berechne ich die Marge aus dem Preis?"),
    ("Ist das Update auf Version 4.2 sicher?", "Ist das Update von Version 4.2 sicher?"),
    ("Mach aus der Liste eine Tabelle", "Mach aus der Tabelle eine Liste"),
    ("Das Risiko für den Kunden gegenüber dem Händler", "Das Risiko für den Händler gegenüber dem Kunden"),
]


@pytest.mark.parametrize(("one", "other"), SWAPPED)
def test_the_same_words_in_other_roles_are_another_question(one: str, other: str) -> None:
    found = disagreement(read(one), read(other))
    assert found is not None
    assert found.kind in ("order", "number")


@pytest.mark.parametrize(
    "text",
    ["Was gilt heute?", "Wie ist der aktuelle Stand?", "Noch ein Vorschlag", "Schreibe es anders, nochmal",
     "Wie spät ist es jetzt?", "Was steht nächste Woche an?", "What is the latest version?"],
)  # fmt: skip
def test_questions_of_this_hour_are_never_lasting(text: str) -> None:
    assert not is_lasting(text)


def test_what_brings_material_along_is_not_read() -> None:
    assert is_readable("Wie lange gilt das Angebot?")
    assert not is_readable("Fasse zusammen:\nDer Vertrag")
    assert not is_readable("x" * 401)
    assert not is_readable("  ")


@pytest.mark.parametrize("text", ["Bitte!", "Was ist das?", "Und was sonst?", "Ja", ""])
def test_what_says_too_little_is_never_shared(text: str) -> None:
    assert not read(text).is_telling


_WORDS = st.sampled_from(
    [
        "Wie",
        "lange",
        "gilt",
        "das",
        "Angebot",
        "für",
        "Person_001",
        "nicht",
        "vor",
        "dem",
        "12.03.2026",
        "über",
        "20",
        "€",
        "und",
        "der",
        "Kunde",
        "bis",
        "10",
        "Uhr?",
        "„so“",
        ":",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_WORDS, max_size=12).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_every_text_agrees_with_itself(text: str) -> None:
    assert disagreement(read(text), read(text)) is None


@given(st.lists(_WORDS, max_size=10).map(" ".join), st.lists(_WORDS, max_size=10).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_agreement_does_not_depend_on_who_asked_first(one: str, other: str) -> None:
    there, back = disagreement(read(one), read(other)), disagreement(read(other), read(one))
    assert (there is None) == (back is None)
    assert there is None or there.kind in KINDS


@given(st.integers(0, 9_999_999), st.integers(0, 9_999_999))
def test_two_numbers_agree_only_when_they_are_equal(one: int, other: int) -> None:
    verdict = disagreement(read(f"Zahle {one:,} Euro".replace(",", ".")), read(f"Zahle {other} €"))
    assert (verdict is None) == (one == other)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_semantic_cache", _BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("set_", ["dev", "held"])
def test_on_the_measured_pairs_hardly_a_look_alike_passes(bench: ModuleType, set_: str) -> None:
    """Without the vectors, which only refuse more. Figures: docs/semantischer-zwischenspeicher.md."""
    judged = [
        (pair.same, disagreement(read(pair.one), read(pair.other)) is None)
        for pair in bench.pairs()
        if pair.set == set_
    ]
    served = [same for same, agrees in judged if agrees]
    assert len(judged) >= 300
    assert sum(served) / len(served) >= 0.99
    assert sum(served) / sum(same for same, _ in judged) >= 0.4
