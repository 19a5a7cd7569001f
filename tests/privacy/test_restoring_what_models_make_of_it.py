"""Placeholders as models rewrite them: the originals come back, and nothing else becomes one."""

import asyncio

import pytest

from leitstand.core.conversation import Frame, Message, Prompt, Text, TextDelta, texts
from leitstand.privacy.aliases import ALIASES, plain
from leitstand.privacy.entities import GIVEN_NAME_WORD, WORDS
from leitstand.privacy.mask import mask, scan
from leitstand.privacy.placeholders import MAX_LENGTH, PARTIAL, Mapping
from leitstand.privacy.restore import Restorer
from leitstand.privacy.scan import Scanner
from support.model_spellings import FOREIGN, Case, cases, pieces

MAPPING = Mapping.from_entries(
    [("Person_001", "Aydın"), ("Firma_001", "Elbzwerg"), ("Telefon_001", "0711/5"), ("Adresse_001", "Ulm")]
)


def streamed(case: Case) -> str:
    restorer = Restorer(case.mapping)
    frames = [restorer.frame(Frame((TextDelta(piece),)))[0] for piece in pieces(case)]
    if rest := restorer.finish():
        frames.append(rest)
    return "".join(chunk.text for frame in frames for chunk in frame.chunks if isinstance(chunk, TextDelta))


def test_two_thousand_answers_are_restored_and_none_of_them_wrongly() -> None:
    answers = list(cases(2000))
    wrong = [case.answer for case in answers if Restorer(case.mapping).plain(case.answer) != case.expected]
    assert not wrong


def test_where_a_stream_is_cut_makes_no_difference() -> None:
    wrong = [pieces(case) for case in cases(2000, seed=2) if streamed(case) != case.expected]
    assert not wrong


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_only_looks_like_a_placeholder_stays(foreign: str) -> None:
    entries = [
        (f"{word}_{number:03d}", "GEHEIM")
        for word in (*WORDS.values(), GIVEN_NAME_WORD)
        for number in (1, 2, 12, 100)
    ]
    for text in (foreign, f"Siehe {foreign}, bitte.", f"| {foreign} |", f'{{"{foreign}": 1}}'):
        assert Restorer(Mapping.from_entries(entries)).plain(text) == text


def test_an_alias_means_one_word_only() -> None:
    spelled = [plain(alias) for aliases in ALIASES.values() for alias in aliases]
    own = {plain(word) for word in (*WORDS.values(), GIVEN_NAME_WORD)}
    assert len(spelled) == len(set(spelled))
    assert own.isdisjoint(spelled)
    assert set(ALIASES) <= {*WORDS.values(), GIVEN_NAME_WORD}


def test_every_beginning_of_a_placeholder_is_held_back_and_no_whole_sentence_is() -> None:
    for case in cases(300, seed=3):
        for placeholder, _ in case.mapping.entries:
            assert all(PARTIAL.search(placeholder[:end]) for end in range(1, len(placeholder)))
    assert not PARTIAL.search("Die Person kommt am Montag.")
    assert MAX_LENGTH < 60


def test_a_placeholder_percent_encoded_brings_its_original_percent_encoded() -> None:
    link = "https://suche.example/?wer=Firma%5F001&ort=Ulm"
    mapping = Mapping.from_entries([("Firma_001", "Müller & Söhne")])
    assert (
        Restorer(mapping).plain(link) == "https://suche.example/?wer=M%C3%BCller%20%26%20S%C3%B6hne&ort=Ulm"
    )


def test_what_nobody_gave_out_is_left_and_counted_in_every_spelling() -> None:
    restorer = Restorer(MAPPING)
    answer = "Person_007, Company_002, **Person**_009 und Konto_001"
    assert restorer.plain(answer) == answer
    assert restorer.unknown == 4


async def test_two_hundred_answers_at_once_never_show_somebody_elses_data() -> None:
    scanner = Scanner()

    async def one(number: int) -> bool:
        person = f"Zwirn{chr(97 + number // 26)}{chr(97 + number % 26)}ow"
        asked = f"Frau {person} ruft an."
        masked, mapping = mask(scan(Prompt("chat", "m", (Message("user", (Text(asked),)),)), scanner))
        assert list(texts(masked.prompt)) == ["Frau Person_001 ruft an."]
        restorer, shown = Restorer(mapping), ""
        for piece in ("Frau Per", "son_", "00", "1s Anruf: **Per", "son**_001"):
            frame, _ = restorer.frame(Frame((TextDelta(piece),)))
            shown += "".join(chunk.text for chunk in frame.chunks if isinstance(chunk, TextDelta))
            await asyncio.sleep(0)
        rest = restorer.finish()
        shown += "".join(
            chunk.text for chunk in (rest.chunks if rest else ()) if isinstance(chunk, TextDelta)
        )
        return shown == f"Frau {person}s Anruf: **{person}**"

    assert all(await asyncio.gather(*(one(number) for number in range(200))))
