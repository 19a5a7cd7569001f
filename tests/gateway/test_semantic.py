"""The semantic cache by itself: who may share, what a busy or broken encoder does, what is kept and forgotten."""

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from leitstand.core.classes import DataClass, Region
from leitstand.core.conversation import (
    Frame,
    Masked,
    Media,
    Message,
    Prompt,
    Stopped,
    StopReason,
    Text,
    TextDelta,
    Usage,
)
from leitstand.core.money import NanoEuro
from leitstand.gateway import semantic
from leitstand.gateway.cache import CachedAnswer, PermissionScope, cache_key
from leitstand.gateway.semantic import SemanticCache, question_of
from leitstand.gateway.semantic_index import Index
from leitstand.identity.callers import Caller
from leitstand.policy.admit import Admitted, Candidate, Protection
from leitstand.policy.rulebook import Offer, Route, UseCase
from leitstand.privacy.placeholders import Mapping
from leitstand.providers.base import Target

TARGET = Target("openai-eu", "openai", "gpt", Region.EU)
SCOPE = PermissionScope("wissen", "vertrieb", "", "")
CASE = UseCase("wissen", semantic_cache=True)


class AllAlike:
    """An encoder that finds every two texts equal: the second look has to tell them apart."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()
        self.broken = False

    def question(self, text: str) -> Any:
        self.gate.wait(5)
        if self.broken:
            raise OSError("no memory")
        self.asked += 1
        return np.eye(384, dtype=np.float32)[0]


@pytest.fixture
def encoder() -> AllAlike:
    return AllAlike()


@pytest.fixture
async def cache(encoder: AllAlike) -> AsyncIterator[SemanticCache]:
    cache = SemanticCache(encoder)
    yield cache
    encoder.gate.set()
    cache.close()


def prompt(text: str, *before: Message) -> Prompt:
    return Prompt("chat", "gemerkt", (*before, Message("user", (Text(text),))))


def admitted(case: UseCase = CASE, target: Target = TARGET) -> Admitted:
    route = Route("gemerkt", (Offer(target),), cache=True)
    candidate = Candidate(route.offers[0], Protection.MASKED)
    person: Any = None
    return Admitted(Caller(person), case, DataClass.INTERNAL, route, (candidate,), ())


def answer(text: str = "So ist es.", reason: StopReason = StopReason.END) -> CachedAnswer:
    frames = (Frame((TextDelta(text), Stopped(reason))),)
    now = asyncio.get_running_loop().time()
    return CachedAnswer(frames, "openai-eu", "gpt", "eu", Usage(), NanoEuro(7), 100, now)


async def look_up(
    cache: SemanticCache, text: str, *names: str, case: UseCase = CASE, target: Target = TARGET
) -> semantic.Near | None:
    asked = prompt(text)
    mapping = Mapping.from_entries((f"Person_{number:03d}", name) for number, name in enumerate(names, 1))
    return await cache.look_up(cache_key(SCOPE, asked), admitted(case, target), Masked(asked), mapping)


async def settled(cache: SemanticCache) -> None:
    """Until the worker has done all that was handed to it."""
    await asyncio.wrap_future(cache._worker.submit(lambda: None))
    await asyncio.sleep(0)


async def teach(cache: SemanticCache, text: str, *names: str, given: CachedAnswer | None = None) -> None:
    cache.keep(await look_up(cache, text, *names), given or answer())
    await settled(cache)


async def served(cache: SemanticCache, text: str, *names: str, **how: Any) -> bool:
    near = await look_up(cache, text, *names, **how)
    return near is not None and near.answer is not None


async def test_a_question_in_other_words_is_served_and_counted(cache: SemanticCache) -> None:
    await teach(cache, "Wie beantrage ich Urlaub?")
    assert await served(cache, "Wie stelle ich einen Urlaubsantrag?")
    figures = cache.figures["wissen"]
    assert (figures.hits, figures.similarity_sum) == (1, 1.0)


async def test_the_first_question_costs_no_vector_before_it_is_answered(
    cache: SemanticCache, encoder: AllAlike
) -> None:
    await look_up(cache, "Wie beantrage ich Urlaub?")
    assert encoder.asked == 0


async def test_a_look_alike_is_refused_with_its_reason_and_without_its_text(cache: SemanticCache) -> None:
    await teach(cache, "Wie beantrage ich Urlaub?")
    assert not await served(cache, "Wie beantrage ich Elternzeit?")
    assert [each.reason for each in cache.refusals] == ["word"]
    assert cache.figures["wissen"].refused == {"word": 1}
    assert {field.name for field in dataclasses.fields(cache.refusals[0])} == {
        "time", "use_case", "similarity", "reason",
    }  # fmt: skip


PEOPLE = [
    (("Müller",), "Bitte schreibe Person_001 eine Absage.", ("Müller",), True),
    (("Müller",), "Bitte schreibe Person_001 eine Absage.", ("Meier",), True),
    (("Müller",), "Eine Absage schreibe Person_001!", ("Meier",), False),
    (("Müller",), "Bitte schreibe Person_001 eine Absage.", ("Meier", "Müller"), False),
    (("Müller", "Meier"), "Bitte schreibe Person_001 eine Absage.", ("Meier", "Müller"), False),
    ((), "Bitte schreibe Person_001 eine Absage.", ("Meier",), False),
    (("Müller",), "Bitte schreibe Person_001 eine Absage.", (), False),
]


@pytest.mark.parametrize(("first", "text", "then", "shared"), PEOPLE)
async def test_an_answer_is_shared_only_where_everyone_stands_in_the_same_place(
    cache: SemanticCache, first: tuple[str, ...], text: str, then: tuple[str, ...], shared: bool
) -> None:
    await teach(cache, "Schreibe Person_001 eine Absage.", *first)
    assert await served(cache, text, *then) is shared


async def test_originals_are_nowhere_in_what_is_remembered(cache: SemanticCache) -> None:
    await teach(cache, "Schreibe Person_001 eine Absage.", "Sommerfeld")
    near = await look_up(cache, "Schreibe Person_001 eine Absage.", "Sommerfeld")
    assert near is not None
    assert "Sommerfeld" not in repr(cache._index.__dict__) + repr(near)


async def test_a_target_that_policy_forbids_now_gives_no_answer(cache: SemanticCache) -> None:
    await teach(cache, "Wie beantrage ich Urlaub?")
    other = Target("anderswo", "openai", "gpt", Region.US)
    assert not await served(cache, "Wie stelle ich einen Urlaubsantrag?", target=other)
    assert cache.refusals[0].reason == "policy"


async def test_without_the_wish_of_the_use_case_nothing_happens(cache: SemanticCache) -> None:
    assert await look_up(cache, "Wie beantrage ich Urlaub?", case=UseCase("wissen")) is None
    assert not cache.figures


async def test_new_rules_forget_everything_even_what_is_being_kept(
    cache: SemanticCache, encoder: AllAlike
) -> None:
    near = await look_up(cache, "Wie beantrage ich Urlaub?")
    encoder.gate.clear()
    cache.keep(near, answer())
    cache.clear()
    encoder.gate.set()
    await settled(cache)
    assert not await served(cache, "Wie stelle ich einen Urlaubsantrag?")
    cache.keep(near, answer())
    await settled(cache)
    assert not await served(cache, "Wie stelle ich einen Urlaubsantrag?")


async def test_a_busy_encoder_is_not_waited_for(
    cache: SemanticCache, encoder: AllAlike, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semantic, "LOOK_UP_S", 0.02)
    await teach(cache, "Wie beantrage ich Urlaub?")
    encoder.gate.clear()
    assert await look_up(cache, "Wie stelle ich einen Urlaubsantrag?") is None
    assert cache.figures["wissen"].skipped == 1


async def test_a_broken_encoder_costs_a_hit_and_no_answer(cache: SemanticCache, encoder: AllAlike) -> None:
    await teach(cache, "Wie beantrage ich Urlaub?")
    encoder.broken = True
    assert await look_up(cache, "Wie stelle ich einen Urlaubsantrag?") is None
    await teach(cache, "Wie lange gilt das Angebot?")
    encoder.broken = False
    assert await served(cache, "Wie stelle ich einen Urlaubsantrag?")


@pytest.mark.parametrize("reason", [StopReason.LENGTH, StopReason.TOOL, StopReason.FILTER])
async def test_calls_of_tools_and_cut_answers_are_not_shared(
    cache: SemanticCache, reason: StopReason
) -> None:
    await teach(cache, "Wie beantrage ich Urlaub?", given=answer(reason=reason))
    assert not await served(cache, "Wie stelle ich einen Urlaubsantrag?")


def test_only_the_last_text_of_the_user_may_differ() -> None:
    said = Message("assistant", (Text("Gut."),))
    found = question_of(prompt("Wie beantrage ich Urlaub?", said))
    assert found is not None
    assert found[0] == "Wie beantrage ich Urlaub?"
    assert found[1] == prompt("", said)
    picture = Message("user", (Media("image", "image/png", "AA=="),))
    assert question_of(prompt("Was zeigt das Bild dort?", picture)) is None
    assert (
        question_of(prompt("Und in Köln dann?", Message("user", (Text("Wie ist das Wetter heute?"),))))
        is None
    )
    assert question_of(Prompt("chat", "m", (said,))) is None


def test_the_index_forgets_what_was_not_used_longest() -> None:
    index: Index[str] = Index(max_entries=3, max_bytes=100)
    axes = np.eye(4, dtype=np.float32)
    for number, name in enumerate("abc"):
        index.put("g", axes[number], name, 10)
    [(row, likeness, entry)] = index.nearest("g", axes[0], 1)
    assert (entry, likeness) == ("a", 1.0)
    index.used(row)
    index.put("g", axes[3], "d", 10)
    assert {entry for _, _, entry in index.nearest("g", axes[0], 9)} == {"a", "c", "d"}
    index.put("h", axes[0], "large", 95)
    assert (len(index), index.size_bytes, index.has("g")) == (1, 95, False)


def test_the_index_finds_its_own_group_only_among_thousands() -> None:
    index: Index[int] = Index(max_entries=2000, max_bytes=10_000)
    random = np.random.default_rng(7)
    vectors = random.standard_normal((3000, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for number, vector in enumerate(vectors):
        index.put(number % 2, vector, number, 1)
    own = [number for number in range(1000, 3000) if number % 2]
    best = max(own, key=lambda number: float(vectors[number] @ vectors[3]))
    assert index.nearest(1, vectors[3], 1)[0][2] == best
