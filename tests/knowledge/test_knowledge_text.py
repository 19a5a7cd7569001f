"""How text becomes blocks, passages, sentences and stems."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.knowledge.chunk import LARGEST, chunk
from leitstand.knowledge.compounds import candidates, split
from leitstand.knowledge.extract import extract
from leitstand.knowledge.sentences import sentences
from leitstand.knowledge.words import fold, stem, words

CORPUS = {
    "lieferung",
    "liefern",
    "zeit",
    "arbeit",
    "vertrag",
    "wartung",
    "schule",
    "haus",
    "garten",
    "bahn",
    "bahnhof",
    "hofgarten",
}


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("lieferzeit", ("liefern", "zeit")),
        ("arbeitszeit", ("arbeit", "zeit")),
        ("wartungsvertrag", ("wartung", "vertrag")),
        ("arbeitszeitvertrag", ("arbeit", "zeit", "vertrag")),
        ("schulgarten", ("schule", "garten")),
        ("lieferung", ()),
        ("zeit", ()),
        ("xyzabcvertrag", ()),
        ("a" * 5000, ()),
    ],
)
def test_compounds_are_split_by_words_of_the_corpus(word: str, parts: tuple[str, ...]) -> None:
    assert split(word, CORPUS.__contains__) == parts


@given(st.lists(st.sampled_from(sorted(CORPUS)), min_size=1, max_size=3).map("".join))
def test_every_word_that_split_asks_for_was_a_candidate(word: str) -> None:
    asked: set[str] = set()

    def known(piece: str) -> bool:
        asked.add(piece)
        return piece in CORPUS

    parts = split(word, known)
    assert set(parts) <= candidates(word)
    assert {piece for piece in asked if len(piece) >= 4} <= candidates(word) | {word}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Häuser", "Haus"),
        ("Verträge", "Vertrags"),
        ("LIEFERZEITEN", "Lieferzeit"),
        ("Geräte", "Geraete"),
        ("Maße", "Masse"),
    ],
)
def test_forms_of_a_word_share_their_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_hyphenated_words_count_as_parts_and_as_one() -> None:
    assert list(words("Der FB-200 und die E-Mail")) == ["FB", "200", "FB200", "E", "Mail", "EMail"]


@given(st.text())
@settings(max_examples=200)
def test_stems_hold_nothing_that_sqlite_would_read_as_syntax(text: str) -> None:
    for word in words(text):
        assert '"' not in stem(word)
        assert " " not in stem(word)
        assert fold(fold(word)) == fold(word)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Das gilt z. B. für Gurte. Mehr steht in Nr. 5.", 2),
        ("Am 24. Dezember ist zu. Am 6. Januar nicht.", 2),
        ("Preis: 4.980 Euro netto. Gültig ab 1.1.2026.", 2),
        ("Dr. Brandt prüft das. Sie meldet sich!", 2),
        ("Erste Zeile\nZweite Zeile", 2),
        ("Er sagt: „Das geht.“ Dann geht er.", 2),
    ],
)
def test_sentences_end_where_people_say_so(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_a_table_row_carries_its_header_and_a_heading_its_path() -> None:
    text = "---\ntitle: Preise\n---\n# Preise\n\n## Gurte\n\n| Teil | Preis |\n|---|---|\n| **ET-1** | 64 Euro |\n"
    (piece,) = chunk(extract("p.md", text.encode()))
    assert (piece.text, piece.heading, piece.place) == ("Teil: ET-1; Preis: 64 Euro", "Gurte", "Zeile 10")


def test_passages_never_cross_a_heading_and_keep_a_list_with_its_introduction() -> None:
    text = (
        "# T\n\n## A\n\n"
        + "Satz eins hier. " * 25
        + "\n\nEs gilt:\n\n- erstens\n- zweitens\n\n## B\n\nEnde.\n"
    )
    pieces = chunk(extract("t.md", text.encode()))
    assert [piece.heading for piece in pieces] == ["A", "A", "B"]
    assert pieces[1].text == "Es gilt:\nerstens\nzweitens"


@given(st.lists(st.text(alphabet="ab .!\nÄ#|-", max_size=200), max_size=30).map("\n\n".join))
@settings(max_examples=100, deadline=None)
def test_no_word_of_a_text_file_is_lost_in_its_passages(text: str) -> None:
    if not text.strip():
        return
    pieces = chunk(extract("t.txt", text.encode()))
    kept = "".join("".join(piece.text for piece in pieces).split())
    assert set("".join(text.split())) - set("-.!#|") == set(kept) - set("-.!#|")


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Satz Nummer {number} steht hier." for number in range(100))
    pieces = chunk(extract("t.txt", text.encode()))
    assert len(pieces) > 2
    assert all(len(piece.text) <= LARGEST and piece.text.endswith(".") for piece in pieces)


def test_html_is_read_without_scripts_and_with_table_headers() -> None:
    page = (
        "<html><head><title>Seite &amp; mehr</title><style>p{}</style></head><body><nav>Menü</nav><h2>Maße</h2>"
        "<p>Breite <b>650</b> mm</p><ul><li>eins<li>zwei</ul><script>alert(1)</script>"
        "<table><tr><th>Teil<th>Preis</tr><tr><td>Gurt</td><td>64 &euro;</td></tr></table></body></html>"
    )
    document = extract("s.html", page.encode())
    assert document.title == "Seite & mehr"
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("heading", "Maße"),
        ("paragraph", "Breite 650 mm"),
        ("item", "eins"),
        ("item", "zwei"),
        ("row", "Teil: Gurt; Preis: 64 €"),
    ]


def test_windows_text_is_read_too() -> None:
    (block,) = extract("t.txt", "Größe 5 m²".encode("cp1252")).blocks
    assert block.text == "Größe 5 m²"
