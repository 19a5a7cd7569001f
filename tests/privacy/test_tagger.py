"""The tagger: pieces, windows, words, loading, and what it adds to the rules."""

import json
import shutil
from importlib.resources import files
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from leitstand.core.errors import PrivacyUnavailable
from leitstand.privacy.entities import EntityType
from leitstand.privacy.scan import Scanner
from leitstand.privacy.tagger import Tagger, tagger
from leitstand.privacy.tagging import network
from leitstand.privacy.tagging.labels import LABELS
from leitstand.privacy.tagging.network import BrokenModel, Network, load
from leitstand.privacy.tagging.pieces import Piece, Segmenter
from leitstand.privacy.tagging.words import Word, entities_of, words_of

CASES = json.loads((Path(__file__).parent / "segmentation.json").read_text("utf-8"))
MODEL = Path(str(files("leitstand.privacy"))) / "model"


@pytest.fixture(scope="module")
def loaded() -> Network:
    return load()


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    return [line.rpartition("\t")[0] for line in (MODEL / "pieces.tsv").read_text("utf-8").split("\n")[:-1]]


# ------------------------------------------------------------ pieces


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:24])
def test_texts_are_cut_as_the_reference_tokenizer_cuts_them(
    case: dict[str, object], loaded: Network, vocabulary: list[str]
) -> None:
    cut = loaded._segmenter.cut(str(case["text"]))
    assert [vocabulary[piece.id] for piece in cut] == case["pieces"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:24])
def test_pieces_cover_every_character_that_is_not_blank(case: dict[str, object], loaded: Network) -> None:
    text = str(case["text"])
    covered = {place for piece in loaded._segmenter.cut(text) for place in range(piece.start, piece.end)}
    assert covered == {place for place, char in enumerate(text) if not char.isspace()}


def test_line_breaks_are_pieces_and_invisible_characters_are_none() -> None:
    segmenter = Segmenter(["<unk>", "▁a", "▁b", "▁|"], [0.0, -1.0, -1.0, -1.0], unknown=0)
    assert segmenter.cut("a\n\u200bb") == [Piece(1, 0, 1), Piece(3, 1, 2), Piece(2, 2, 4)]
    assert segmenter.cut(" \u00ad ") == []


# ------------------------------------------------------------ windows


@pytest.mark.parametrize("count", [1, 189, 190, 191, 348, 349, 1000, 4711])
def test_windows_give_each_piece_once_and_never_at_their_border(count: int) -> None:
    given: list[int] = []
    for begin, end, keep in network._windows(count):
        places = range(begin, end)[keep]
        assert places[0] == 0 or places[0] - begin >= 10
        assert places[-1] == count - 1 or end - places[-1] >= 10
        given += places
    assert given == list(range(count))


def test_long_texts_are_read_to_their_end(loaded: Network) -> None:
    text = "Die Lieferung ist eingetroffen. " * 150 + "Mit freundlichen Grüßen\nHeidrun Zwickelsberger"
    words = words_of(text, *loaded.read(text))
    assert [text[w.start : w.end] for w in words[-2:]] == ["Heidrun", "Zwickelsberger"]
    assert all(word.type is EntityType.PERSON and word.chance > 0.5 for word in words[-2:])


# ------------------------------------------------------------ words


def word(start: int, end: int, chance: float, type_: EntityType, begins: bool = False) -> Word:
    return Word(start, end, chance, type_, chance, begins)


def test_a_word_gets_the_mean_of_its_pieces() -> None:
    probabilities = np.zeros((2, len(LABELS)), np.float32)
    probabilities[0, LABELS.index("B-PERSON")] = 1.0
    probabilities[1, LABELS.index("O")] = 1.0
    (only,) = words_of("Abcd", [Piece(9, 0, 1), Piece(9, 1, 4)], probabilities)
    assert (only.chance, only.type, only.begins) == (0.25, EntityType.PERSON, True)


def test_an_unsure_neighbour_of_a_sure_name_belongs_to_it() -> None:
    words = [
        word(0, 4, 0.9, EntityType.PERSON, begins=True),
        word(5, 9, 0.35, EntityType.PERSON),
        word(11, 15, 0.35, EntityType.PERSON),
    ]
    found = entities_of("Anna Abel, Otto", words, 0.5, 0.3)
    assert [(e.start, e.end) for e in found] == [(0, 15)]
    assert entities_of("Anna Abel, Otto", words[1:], 0.5, 0.3) == []


def test_names_side_by_side_stay_apart() -> None:
    words = [
        word(0, 4, 0.9, EntityType.PERSON, begins=True),
        word(6, 10, 0.9, EntityType.PERSON, begins=True),
    ]
    assert [(e.start, e.end) for e in entities_of("Anna, Otto", words, 0.5, 0.3)] == [(0, 4), (6, 10)]


# ------------------------------------------------------------ with the rules


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("frag mal grüblmoser ob er morgen kann", "grüblmoser"),
        ("Schicht früh: Zwerchfeld, spät: Kandlbinder", "Zwerchfeld"),
        ("bei Thermovia nachfragen, ob die Anlage läuft", "Thermovia"),
        ("Das Angebot von Koch ist besser als das von Zwerchfeld.", "Koch"),
    ],
)
def test_names_are_found_where_no_rule_can_know_them(text: str, name: str) -> None:
    place = text.index(name)
    found = Scanner(tagger=tagger()).scan_text(text)
    assert any(e.start <= place and place + len(name) <= e.end for e in found)


@pytest.mark.parametrize(
    "text",
    [
        "Der Koch backt im Sommer Brot, der Müller mahlt das Korn.",
        "DIN EN ISO 9001, § 433 BGB, Art. 6 DSGVO, M8x40",
        "Bestand: 12 Kugellager, 40 Filtereinsätze, Lagerplatz R4",
    ],
)
def test_ordinary_words_stay_readable(text: str) -> None:
    assert Scanner(tagger=tagger()).scan_text(text) == ()


def test_the_own_company_stays_readable_to_the_tagger_too() -> None:
    scanner = Scanner(allow=("Thermovia GmbH",), tagger=tagger())
    text = "Wir, die Thermovia GmbH, liefern an die Nordzwerg GmbH."
    assert [text[e.start : e.end] for e in scanner.scan_text(text)] == ["Nordzwerg GmbH"]


def test_with_a_tagger_texts_are_scanned_in_a_thread() -> None:
    assert Scanner().inline_characters > 0
    assert Scanner(tagger=tagger()).inline_characters == 0


# ------------------------------------------------------------ loading


def test_whoever_asks_while_the_network_is_loaded_gets_the_same_answer() -> None:
    shared, found = Tagger(), []
    threads = [Thread(target=lambda: found.append(shared.read("Frau Zwickerl"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [found[0]] * 4


@pytest.mark.parametrize("harm", ["changed", "missing", "labels"])
def test_a_model_that_is_not_as_shipped_stops_every_request(
    harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(MODEL, tmp_path / "model")
    path = tmp_path / "model" / "tagger.onnx"
    if harm == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif harm == "missing":
        path.unlink()
    else:
        card = json.loads((tmp_path / "model" / "card.json").read_text("utf-8"))
        (tmp_path / "model" / "card.json").write_text(json.dumps({**card, "labels": ["O"]}), "utf-8")
    monkeypatch.setattr(network, "files", lambda _: tmp_path)
    load.cache_clear()
    try:
        broken = Tagger()
        with pytest.raises(BrokenModel):
            broken.warm()
        with pytest.raises(PrivacyUnavailable):
            Scanner(tagger=broken).scan_text("Frau Zwickerl")
    finally:
        load.cache_clear()


def test_the_model_comes_with_its_licences_and_stays_small() -> None:
    notice = (MODEL / "NOTICE").read_text("utf-8")
    assert all(path.name in notice for path in MODEL.iterdir() if path.name != "NOTICE")
    assert sum(path.stat().st_size for path in MODEL.iterdir()) < 30_000_000
