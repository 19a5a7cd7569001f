"""Whole texts: consistency, allow list, terms, escapes, overlaps."""

import json
from pathlib import Path

import pytest

from leitstand.privacy.entities import Entity, EntityType
from leitstand.privacy.overlap import resolve
from leitstand.privacy.scan import Scanner


def found(text: str, scanner: Scanner | None = None) -> list[tuple[str, str]]:
    return [(text[e.start : e.end], e.type.value) for e in (scanner or Scanner()).scan_text(text)]


def test_a_name_found_by_a_cue_is_found_everywhere() -> None:
    text = "Frau Zwickerl ruft an. zwickerl will Zwickerls Akte, ZWICKERL drängt, Zwickerl-Angebot prüfen."
    assert [name for name, _ in found(text)] == ["Zwickerl", "zwickerl", "Zwickerls", "ZWICKERL", "Zwickerl"]


def test_umlauts_written_out_are_the_same_name() -> None:
    assert ("Grueblmoeser", "PERSON") in found("Herr Grüblmöser kommt, Grueblmoeser auch.")


def test_an_ordinary_word_is_a_name_only_with_a_cue() -> None:
    assert found("Frau Sommer fährt im Sommer weg.") == [("Sommer", "PERSON")]


def test_the_short_name_of_a_company_is_found_after_its_full_name() -> None:
    assert found("Angebot der Elbzwerg GmbH. Elbzwerg zahlt spät.") == [
        ("Elbzwerg GmbH", "ORG"),
        ("Elbzwerg", "ORG"),
    ]


def test_a_mail_address_tells_which_company_and_person_to_look_for() -> None:
    names = found("Angebot für ThermoZwerg, Frage von loechlinger: a.loechlinger@thermozwerg.example")
    assert ("ThermoZwerg", "ORG") in names
    assert ("loechlinger", "PERSON") in names


def test_the_own_company_stays_readable() -> None:
    scanner = Scanner(allow=("Elbzwerg GmbH",))
    assert found("Wir, die Elbzwerg GmbH (kurz Elbzwerg), und die Nordzwerg GmbH", scanner) == [
        ("Nordzwerg GmbH", "ORG")
    ]


def test_terms_of_the_tenant_are_always_masked() -> None:
    scanner = Scanner(terms={"Projekt Nordlicht": EntityType.REF_ID})
    assert found("Stand von projekt nordlicht?", scanner) == [("projekt nordlicht", "REF_ID")]


def test_names_in_escaped_json_are_found() -> None:
    text = json.dumps({"notiz": "Herr Grüblmöser\nBeispielstraße 5\n70173 Stuttgart"})
    spans = found(text)
    assert ("Gr\\u00fcblm\\u00f6ser", "PERSON") in spans
    assert any(kind == "ADDRESS" and "Beispielstra\\u00dfe 5" in value for value, kind in spans)


def test_norms_prices_and_laws_stay_readable() -> None:
    text = "DIN EN ISO 9001, § 433 BGB, Art. 6 DSGVO, 1.234,56 EUR, M8x40, Artikel 4711-0815, 12.03.2024, KW 12, EN 10204-3.1"
    assert found(text) == []


def test_overlaps_lose_no_character() -> None:
    text = "abc def ghi"
    finds = [
        Entity(0, 7, EntityType.ORG, "x", 0.5),
        Entity(4, 11, EntityType.PERSON, "y", 0.9),
    ]
    resolved = resolve(text, finds)
    assert [(e.start, e.end, e.type) for e in resolved] == [
        (0, 3, EntityType.ORG),
        (4, 11, EntityType.PERSON),
    ]


def test_borders_grow_to_whole_words() -> None:
    assert [(e.start, e.end) for e in resolve("xMüllerx 1", [Entity(1, 7, EntityType.PERSON, "x", 1)])] == [
        (0, 8)
    ]


def test_the_cache_forgets_the_oldest_and_gives_the_same() -> None:
    scanner = Scanner(cache_texts=2)
    texts = [f"Frau Zwickerl{letter} kommt" for letter in "abcd"]
    first = [scanner.scan_text(text) for text in texts]
    assert first == [scanner.scan_text(text) for text in texts]
    assert scanner.read(texts[3]) is scanner.read(texts[3])
    assert len(scanner._cache) == 2


@pytest.mark.parametrize(
    "unit",
    ["a", "A ", "1 ", "Abcd ", "x.", "a@", "Ab-", "Abc\n", "0711 ", '"a":', "<a>", "(", "a;b\n", "DE12 ", "geb. ", "&", "Ab & ",
     "straße ", "insert into a (b,c) values (", "ab:", "Patient ", " ", "Kundennummer ", "Herr ", "\\n", "Ab und ", "GmbH "],
)  # fmt: skip
def test_no_text_makes_scanning_slow(unit: str) -> None:
    import time

    text = unit * (8000 // len(unit))
    begin = time.process_time()
    Scanner().scan_text(text)
    assert time.process_time() - begin < 2.0


def test_gazetteers_come_with_their_licences() -> None:
    import leitstand.privacy

    folder = Path(leitstand.privacy.__file__).parent / "gazetteers"
    notice = (folder / "NOTICE").read_text("utf-8")
    assert all(path.name in notice for path in folder.iterdir() if path.name != "NOTICE")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
