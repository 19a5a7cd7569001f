"""The response cache: who shares an answer, what is kept, what goes."""

import dataclasses

import pytest

from gateway.gateway_kit import END, HELLO
from leitstand.core.conversation import Frame, Message, Prompt, Stopped, StopReason, Text, TextDelta, Usage
from leitstand.core.money import NanoEuro
from leitstand.gateway.cache import (
    LIFETIME_S,
    MAX_ENTRY_BYTES,
    CachedAnswer,
    CacheKey,
    PermissionScope,
    ResponseCache,
    cache_key,
    is_complete,
    size_of,
)

SCOPE = PermissionScope("angebote", "vertrieb", "", "")
PROMPT = Prompt("chat", "standard", (Message("user", (Text("Hallo"),)),), max_tokens=50)


def key(number: int) -> CacheKey:
    return CacheKey(SCOPE, "standard", b"%d" % number)


def answer(size_bytes: int = 100, stored_at: float = 0.0) -> CachedAnswer:
    return CachedAnswer((HELLO, END), "p1", "m", "eu", Usage(4, 2), NanoEuro(5), size_bytes, stored_at)


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(SCOPE, use_case="briefe"),
        dataclasses.replace(SCOPE, department="einkauf"),
        dataclasses.replace(SCOPE, owner="anna"),
        dataclasses.replace(SCOPE, client_scope="mandant-7"),
    ],
)
def test_each_part_of_the_scope_keeps_answers_apart(other: PermissionScope) -> None:
    assert cache_key(SCOPE, PROMPT) == cache_key(SCOPE, PROMPT)
    assert cache_key(other, PROMPT) != cache_key(SCOPE, PROMPT)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "klein"}, {"stream": True}, {"max_tokens": 51}, {"temperature": 0.5}, {"dialect": "messages"},
        {"stop": ("x",)}, {"choices": 2}, {"extra": {"seed": 1}}, {"messages": ()},
    ],
)  # fmt: skip
def test_each_difference_of_the_prompt_keeps_answers_apart(changes: dict[str, object]) -> None:
    from msgspec.structs import replace

    assert cache_key(SCOPE, replace(PROMPT, **changes)) != cache_key(SCOPE, PROMPT)


def test_the_order_of_keys_in_a_clients_json_does_not_matter() -> None:
    first = Prompt("chat", "standard", (), extra={"a": 1, "b": {"c": 2, "d": 3}})
    second = Prompt("chat", "standard", (), extra={"b": {"d": 3, "c": 2}, "a": 1})
    assert cache_key(SCOPE, first) == cache_key(SCOPE, second)


def test_a_key_cannot_be_made_without_a_scope() -> None:
    with pytest.raises(TypeError):
        CacheKey(model="standard", digest=b"x")  # type: ignore[call-arg]  # the point of the test


def test_what_was_used_least_recently_goes_first() -> None:
    cache = ResponseCache(max_bytes=300)
    for number in (1, 2, 3):
        cache.put(key(number), answer())
    assert cache.get(key(1), 0.0)
    cache.put(key(4), answer())
    assert [bool(cache.get(key(number), 0.0)) for number in (1, 2, 3, 4)] == [True, False, True, True]
    assert cache.size_bytes == 300


def test_a_large_answer_pushes_out_several_small_ones() -> None:
    cache = ResponseCache(max_bytes=300)
    for number in (1, 2, 3):
        cache.put(key(number), answer())
    cache.put(key(4), answer(250))
    assert [bool(cache.get(key(number), 0.0)) for number in (1, 2, 3, 4)] == [False, False, False, True]
    assert cache.size_bytes == 250


def test_an_answer_put_again_counts_once() -> None:
    cache = ResponseCache()
    cache.put(key(1), answer(100))
    cache.put(key(1), answer(60))
    assert cache.size_bytes == 60


def test_an_answer_over_a_megabyte_is_not_kept() -> None:
    cache = ResponseCache()
    cache.put(key(1), answer(MAX_ENTRY_BYTES + 1))
    assert cache.get(key(1), 0.0) is None
    assert cache.size_bytes == 0


def test_an_answer_goes_after_a_day_and_frees_its_bytes() -> None:
    cache = ResponseCache()
    cache.put(key(1), answer(stored_at=10.0))
    assert cache.get(key(1), 10.0 + LIFETIME_S)
    assert cache.get(key(1), 10.1 + LIFETIME_S) is None
    assert cache.size_bytes == 0


def test_hits_and_misses_are_counted_and_clearing_forgets_all() -> None:
    cache = ResponseCache()
    cache.put(key(1), answer())
    cache.get(key(1), 0.0)
    cache.get(key(2), 0.0)
    assert (cache.hits, cache.misses) == (1, 1)
    cache.clear()
    assert cache.get(key(1), 0.0) is None
    assert cache.size_bytes == 0


@pytest.mark.parametrize(
    ("reasons", "complete"),
    [
        ([StopReason.END], True), ([StopReason.TOOL], True), ([StopReason.STOP_SEQUENCE], True),
        ([StopReason.LENGTH], False), ([StopReason.FILTER], False), ([StopReason.PAUSE], False),
        ([StopReason.END, StopReason.LENGTH], False), ([], False),
    ],
)  # fmt: skip
def test_only_answers_that_ended_by_themselves_are_kept(reasons: list[StopReason], complete: bool) -> None:
    frames = [HELLO, *(Frame((Stopped(reason, choice),)) for choice, reason in enumerate(reasons))]
    assert is_complete(frames) is complete


def test_the_size_grows_with_the_bytes() -> None:
    assert size_of([Frame((TextDelta("x"),), raw=b"x" * 1000)]) > 1000
