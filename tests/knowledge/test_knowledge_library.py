"""Documents go in, the right passages and sentences come out."""

import sqlite3
import threading
from pathlib import Path

import pytest

from leitstand.knowledge.library import Knowledge
from leitstand.knowledge.values import Added, Refused, Unchanged
from leitstand.simulator.musterwerk import DOCUMENTS


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    knowledge = Knowledge(tmp_path_factory.mktemp("house"))
    knowledge.add(DOCUMENTS)
    return knowledge


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    return Knowledge(tmp_path / "data")


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("Welche Lieferzeiten gelten für Expressaufträge?", "lieferzeiten.md"),
        ("Wie viele Urlaubstage habe ich?", "arbeitszeit-und-urlaub.md"),
        ("Was bedeutet Fehler E12?", "inbetriebnahme-fb200.md"),
        ("Kündigungsfrist Wartungsverträge", "wartungsvertrag.md"),
        ("Was kostet ein Antriebsrolle FB200", "ersatzteile.md"),
        ("Bestellwert Freigabe Geschäftsführung Einkauf", "einkaufsbedingungen.md"),
        ("uebernachtung im hotel", "reisekosten.md"),
    ],
)
def test_a_question_finds_its_document_first(house: Knowledge, question: str, document: str) -> None:
    assert house.search(question, 3)[0].document == document


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Wie lange ist die Lieferzeit für den FB-400?", "10 Wochen"),
        ("Wann verfällt mein Resturlaub?", "31. März"),
        ("Wie lange gilt die Gewährleistung im Dreischichtbetrieb?", "12 Monate"),
        ("Wie lange sind Angebote gültig?", "30 Tage"),
        ("Wie wird die Rufbereitschaft vergütet?", "35 Euro"),
        ("Gurt läuft schief, was tun?", "Vierteldrehung"),
        ("Welche Kündigungsfrist hat der Wartungsvertrag?", "drei Monate"),
    ],
)
def test_the_first_quote_answers(house: Knowledge, question: str, answer: str) -> None:
    assert answer in house.quotes(question, 3)[0].sentence


@pytest.mark.parametrize(
    "question",
    [
        "Wer ist Bundeskanzler?",
        "Wie wird das Wetter morgen?",
        "Wie koche ich Spaghetti Carbonara?",
        "Hallo",
        "",
        "?",
    ],
)
def test_what_no_document_says_is_not_quoted(house: Knowledge, question: str) -> None:
    assert house.quotes(question, 3) == []


def test_quotes_stand_word_for_word_in_their_passage(house: Knowledge) -> None:
    for quote in house.quotes("Wie hoch ist der Aufpreis für Express beim FB-200?", 3):
        assert quote.sentence in quote.text


def test_the_same_file_again_is_no_work(knowledge: Knowledge, tmp_path: Path) -> None:
    path = _write(tmp_path, "a.md", "# A\n\nEin Satz über Schrauben.\n")
    assert knowledge.add(path) == [Added("a.md", 1)]
    assert knowledge.add(path) == [Unchanged("a.md")]


def test_a_new_version_replaces_the_old_one(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.add(_write(tmp_path, "a.md", "Die Schraube hat M12.\n"))
    knowledge.add(_write(tmp_path, "a.md", "Der Bolzen hat M16.\n"))
    assert knowledge.search("Schraube") == []
    assert [passage.text for passage in knowledge.search("Bolzen")] == ["Der Bolzen hat M16."]
    assert knowledge.status()[0].documents == 1


def test_later_words_open_earlier_compounds(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.add(_write(tmp_path, "a.txt", "Die Schichtzulage steht im Tarif."))
    assert knowledge.search("Zulage") == []
    knowledge.add(_write(tmp_path, "b.txt", "Eine Zulage je Schicht."))
    assert {passage.document for passage in knowledge.search("Zulage")} == {"a.txt", "b.txt"}


def test_collections_are_kept_apart(knowledge: Knowledge, tmp_path: Path) -> None:
    path = _write(tmp_path, "a.txt", "Der Kran hebt 5 t.")
    knowledge.add(path, "werk")
    knowledge.add(path, "kunden")
    assert len(knowledge.search("Kran")) == 2
    assert [passage.collection for passage in knowledge.search("Kran", 10, "werk")] == ["werk"]
    assert knowledge.quotes("Was hebt der Kran?", 3, "nirgends") == []


def test_a_folder_is_added_with_names_below_it_and_hidden_files_left_out(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    _write(folder, "sub/a.md", "Text über Pumpen.")
    _write(folder, ".git/b.md", "Geheim.")
    (folder / "outside.md").symlink_to(_write(tmp_path, "secret.md", "Pumpen außerhalb."))
    assert knowledge.add(folder) == [Added("sub/a.md", 1)]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.pdf", b"%PDF", ".pdf"),
        ("a.txt", b"a\0b", "binary"),
        ("a.md", b" \n", "empty"),
        ("b.md", b"# Nur Titel\n", "headings"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    knowledge: Knowledge, tmp_path: Path, name: str, content: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (outcome,) = knowledge.add(tmp_path / name)
    assert isinstance(outcome, Refused)
    assert word in outcome.reason.en


def test_a_missing_path_is_an_error(knowledge: Knowledge, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        knowledge.add(tmp_path / "nothing")


def test_an_empty_library_answers_with_nothing_and_makes_no_file(
    knowledge: Knowledge, tmp_path: Path
) -> None:
    assert (knowledge.search("x"), knowledge.quotes("x"), knowledge.status()) == ([], [], [])
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "query", ['"', "a OR b", "NEAR(", "title:x", "x*", "' ; DROP TABLE passage --", "🙂", "٣٤"]
)
def test_no_query_is_a_query_language(house: Knowledge, query: str) -> None:
    house.search(query)
    house.quotes(query)


def test_two_writers_and_readers_at_once_lose_nothing(knowledge: Knowledge, tmp_path: Path) -> None:
    def add(number: int) -> None:
        for part in range(5):
            knowledge.add(
                _write(tmp_path, f"w{number}/{number}-{part}.txt", f"Ventil Nummer {number}{part}.")
            )
            knowledge.search("Ventil")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(knowledge.search("Ventil", 50)) == 15


def test_any_sqlite_can_read_the_index(house: Knowledge) -> None:
    with sqlite3.connect(house._repository._path) as connection:
        hits = connection.execute(
            "SELECT count(*) FROM stems WHERE stems MATCH 'lieferzeit AND express'"
        ).fetchone()
    connection.close()
    assert hits[0] > 0


def test_the_musterwerk_documents_are_complete() -> None:
    files = sorted(DOCUMENTS.glob("*.md"))
    assert 14 <= len(files) <= 18
    for file in files:
        text = file.read_text("utf-8")
        for key in ("title", "owner", "department", "valid_from", "review_cycle"):
            assert f"\n{key}: " in text, (file.name, key)
