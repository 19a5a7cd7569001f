"""Reading sets: everything that is wrong at once; what was read can be written and read again."""

import pytest

from leitstand.core.errors import InvalidRequest
from leitstand.prompts.regression import sets

_GOOD = """
name: angebote
title: Angebote
use_case: angebote
nightly: true
cases:
  - id: preis
    prompt: Bieten Sie 12 Stück zu 80 EUR an.
    system: Sie schreiben Angebote.
    reference: Wir bieten 12 Stück zu 80 EUR.
    must: true
    checks:
      - keeps_numbers: true
      - contains: [Stück, EUR]
      - similar: 0.4
  - {id: gruss, prompt: Grüßen Sie.}
"""


def test_a_set_is_read_written_and_read_again() -> None:
    made = sets.read(_GOOD)
    assert [check.kind for check in made.cases[0].checks] == ["keeps_numbers", "contains", "similar"]
    assert (made.nightly, made.cases[0].must, made.cases[1].must) == (True, True, False)
    assert sets.read(sets.write(made)) == made


def test_all_faults_are_told_at_once() -> None:
    document = """
title: 5
nighly: true
cases:
  - {id: a, prompt: x, checks: [{contain: y}, {max_chars: 0}, {similar: 0.5}, {language: fr}, 5]}
  - {id: a, prompt: ""}
  - nichts
"""
    with pytest.raises(InvalidRequest) as caught:
        sets.read(document)
    faults = caught.value.detail["faults"]
    assert isinstance(faults, list)
    told = "\n".join(faults)
    for word in (
        "name is missing", "title", "nighly", "'contain'", "max_chars", "needs a reference", "language",
        "one name with its value", "'a' stands more than once", "prompt is missing", "case 3",
    ):  # fmt: skip
        assert word in told, word


@pytest.mark.parametrize("document", ["", "[]", "name: x", "name: x\ncases: []", "{", "name: x\ncases: 5"])
def test_what_is_no_set_is_refused(document: str) -> None:
    with pytest.raises(InvalidRequest):
        sets.read(document)
