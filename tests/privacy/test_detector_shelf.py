"""One contract for every detector on the shelf."""

import pytest

from leitstand.privacy.detectors import load_detectors
from leitstand.privacy.detectors.base import Detector, unmark
from leitstand.privacy.entities import GIVEN_NAME_WORD, WORDS, EntityType
from leitstand.privacy.overlap import resolve

EXAMPLES = [(d, example) for d in load_detectors() for example in d.examples]
COUNTER_EXAMPLES = [(d, example) for d in load_detectors() for example in d.counter_examples]


@pytest.mark.parametrize(("detector", "example"), EXAMPLES, ids=lambda v: getattr(v, "name", None))
def test_a_detector_finds_its_examples(detector: Detector, example: str) -> None:
    text, marked = unmark(example)
    found = [(entity.start, entity.end) for entity in resolve(text, detector.find(text))]
    assert [text[slice(*span)] for span in found] == [text[slice(*span)] for span in marked]


@pytest.mark.parametrize(("detector", "text"), COUNTER_EXAMPLES, ids=lambda v: getattr(v, "name", None))
def test_a_detector_leaves_its_counter_examples_alone(detector: Detector, text: str) -> None:
    assert [text[entity.start : entity.end] for entity in detector.find(text)] == []


@pytest.mark.parametrize("detector", load_detectors(), ids=lambda d: d.name)
def test_a_detector_names_itself_its_types_and_its_source(detector: Detector) -> None:
    assert detector.source
    assert len(detector.examples) >= 2
    assert len(detector.counter_examples) >= 2
    for example in detector.examples:
        for entity in detector.find(unmark(example)[0]):
            assert entity.type in detector.types
            assert entity.detector == detector.name
            assert 0 < entity.score <= 1


@pytest.mark.parametrize("detector", load_detectors(), ids=lambda d: d.name)
@pytest.mark.parametrize(
    "text", ["", " ", "\n", "0", "ä" * 50, "@" * 40, "1" * 60, '"":', "a;b\nc;d", "Herr", "*", "geb."]
)
def test_a_detector_bears_any_text(detector: Detector, text: str) -> None:
    assert all(0 <= entity.start < entity.end <= len(text) for entity in detector.find(text))


def test_every_entity_type_has_a_detector_and_a_word_of_its_own() -> None:
    found = {type_ for detector in load_detectors() for type_ in detector.types}
    words = [*WORDS.values(), GIVEN_NAME_WORD]
    assert found == set(EntityType) == set(WORDS)
    assert len(set(words)) == len(words)
    assert all(word.isascii() and word.isalpha() and word == word.capitalize() for word in words)
