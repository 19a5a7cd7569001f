"""The built-in answerer quotes, cites, and says so when there is nothing to quote."""

from contextlib import aclosing
from pathlib import Path

import pytest

from leitstand.core.classes import Region
from leitstand.core.conversation import (
    AnswerFormat,
    Cited,
    Frame,
    Masked,
    Media,
    Message,
    Prompt,
    Started,
    Stopped,
    Text,
    TextDelta,
    Tool,
    Used,
)
from leitstand.knowledge.library import Knowledge
from leitstand.providers.adapters import load_adapters
from leitstand.providers.base import Target
from leitstand.providers.door import Door
from leitstand.providers.faults import Unsupported
from leitstand.providers.http.pool import Pool
from leitstand.simulator.musterwerk import DOCUMENTS

_TARGET = Target("haus", "extractive", "zitate", Region.LOCAL)


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    library = Knowledge(tmp_path_factory.mktemp("quotes"))
    library.add(DOCUMENTS)
    return library


def _prompt(*turns: str, stream: bool = True, **fields: object) -> Prompt:
    roles = ("user", "assistant")
    said = tuple(Message(roles[number % 2], (Text(text),)) for number, text in enumerate(turns))
    return Prompt("chat", "hauswissen", said, stream=stream, **fields)


async def _ask(knowledge: Knowledge, prompt: Prompt, target: Target = _TARGET) -> list[Frame]:
    pool = Pool()
    try:
        door = Door(pool, load_adapters(knowledge))
        async with aclosing(door.send(Masked(prompt, clear=True), target)) as frames:
            return [frame async for frame in frames]
    finally:
        await pool.close()


def _chunks(frames: list[Frame], kind: type) -> list:
    return [chunk for frame in frames for chunk in frame.chunks if isinstance(chunk, kind)]


def _text(frames: list[Frame]) -> str:
    return "".join(chunk.text for chunk in _chunks(frames, TextDelta))


async def test_an_answer_says_what_it_is_quotes_and_cites(knowledge: Knowledge) -> None:
    frames = await _ask(knowledge, _prompt("Wie lange ist die Lieferzeit für den FB-400?"))
    cited = _chunks(frames, Cited)[0]
    text = _text(frames)
    assert text.startswith("Ich formuliere nicht, ich zitiere aus Ihren Dokumenten.")
    assert "10 Wochen" in text
    assert "[1]" in text
    assert (cited.number, cited.document) == (1, "lieferzeiten.md")
    assert "10 Wochen" in cited.passage
    assert "Zeilen" in cited.place


async def test_every_quoted_sentence_stands_in_its_passage(knowledge: Knowledge) -> None:
    frames = await _ask(knowledge, _prompt("Wie viele Urlaubstage habe ich?"))
    quoted = [
        line.partition("„")[2].rpartition("“")[0] for line in _text(frames).splitlines() if line[:1] == ">"
    ]
    passages = [cited.passage for cited in _chunks(frames, Cited)]
    assert len(quoted) == len(passages) >= 1
    assert all(sentence in passage for sentence, passage in zip(quoted, passages, strict=True))


async def test_an_english_question_is_answered_in_english(knowledge: Knowledge) -> None:
    text = _text(await _ask(knowledge, _prompt("What is the meaning of Fehler E12?")))
    assert text.startswith("I do not write answers, I quote from your documents.")


async def test_what_is_not_there_is_not_invented(knowledge: Knowledge) -> None:
    frames = await _ask(knowledge, _prompt("Wer ist Bundeskanzler?"))
    assert _chunks(frames, Cited) == []
    assert "Ihre Administration" in _text(frames)


async def test_the_last_question_counts(knowledge: Knowledge) -> None:
    frames = await _ask(knowledge, _prompt("Was bedeutet Fehler E12?", "…", "Wann verfällt mein Resturlaub?"))
    assert _chunks(frames, Cited)[0].document == "arbeitszeit-und-urlaub.md"


async def test_plain_and_streamed_say_the_same(knowledge: Knowledge) -> None:
    question = "Wie lange sind Angebote gültig?"
    streamed = await _ask(knowledge, _prompt(question))
    (plain,) = await _ask(knowledge, _prompt(question, stream=False))
    assert _text(streamed) == _text([plain])
    assert len(streamed) > 10
    for frames in (streamed, [plain]):
        assert len(_chunks(frames, Started)) == len(_chunks(frames, Stopped)) == 1
        (used,) = _chunks(frames, Used)
        assert used.usage.input_tokens == len(question.split())
        assert used.usage.output_tokens == len(_text(frames).split())


async def test_the_model_name_chooses_the_collection(tmp_path: Path) -> None:
    library = Knowledge(tmp_path / "data")
    (tmp_path / "a.txt").write_text("Der Kran hebt fünf Tonnen.", "utf-8")
    library.add(tmp_path / "a.txt", "werk")
    question = _prompt("Was hebt der Kran?")
    here = await _ask(library, question, Target("haus", "extractive", "zitate:werk", Region.LOCAL))
    elsewhere = await _ask(library, question, Target("haus", "extractive", "zitate:kunden", Region.LOCAL))
    assert (len(_chunks(here, Cited)), len(_chunks(elsewhere, Cited))) == (1, 0)


@pytest.mark.parametrize(
    ("prompt", "lack"),
    [
        (_prompt("x", tools=(Tool("f"),)), "tools"),
        (_prompt("x", answer_format=AnswerFormat("json_object")), "response_format"),
        (_prompt("x", choices=2), "n"),
        (Prompt("chat", "m", (Message("user", (Media("image", url="http://x"),)),)), "image"),
    ],
)
async def test_what_it_cannot_do_is_said_before_any_answer(
    knowledge: Knowledge, prompt: Prompt, lack: str
) -> None:
    assert load_adapters(knowledge)["extractive"].lacks(prompt) == lack
    with pytest.raises(Unsupported, match=lack):
        await _ask(knowledge, prompt)
