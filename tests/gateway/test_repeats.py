"""The digest of a question: the same for what a cache takes for the same, for nobody to try questions against."""

import dataclasses

import pytest

from leitstand.core.conversation import Message, Prompt, Text
from leitstand.gateway.cache import PermissionScope, cache_key
from leitstand.gateway.repeats import Repeats

SCOPE = PermissionScope("angebote", "vertrieb", "", "")
PROMPT = Prompt("chat", "standard", (Message("user", (Text("Hallo"),)),), max_tokens=50)
REPEATS = Repeats(b"k" * 32)


def test_equal_questions_have_equal_digests_in_every_process() -> None:
    assert REPEATS.digest(cache_key(SCOPE, PROMPT)) == Repeats(b"k" * 32).digest(cache_key(SCOPE, PROMPT))


@pytest.mark.parametrize(
    "scope",
    [
        dataclasses.replace(SCOPE, use_case="briefe"),
        dataclasses.replace(SCOPE, department="einkauf"),
        dataclasses.replace(SCOPE, owner="anna"),
        dataclasses.replace(SCOPE, client_scope="mandant-7"),
    ],
)
def test_people_who_share_no_answers_share_no_digests(scope: PermissionScope) -> None:
    assert REPEATS.digest(cache_key(scope, PROMPT)) != REPEATS.digest(cache_key(SCOPE, PROMPT))


def test_another_installation_makes_other_digests() -> None:
    assert Repeats(b"x" * 32).digest(cache_key(SCOPE, PROMPT)) != REPEATS.digest(cache_key(SCOPE, PROMPT))


def test_a_digest_is_twelve_characters() -> None:
    assert len(REPEATS.digest(cache_key(SCOPE, PROMPT))) == 12
