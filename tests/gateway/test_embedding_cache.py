"""The embedding cache: nobody pays twice for a vector, and nobody gets another text's."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.gateway_kit import Stage, target
from leitstand.core.conversation import Embedded, Frame, Masked, Message, Prompt, Text, Usage, Used
from leitstand.core.errors import NotCached
from leitstand.core.money import NanoEuro
from leitstand.gateway.embedding_cache import Remembering
from leitstand.gateway.values import Head, Piece, Request, Tail
from leitstand.gateway.vectors import LIFETIME_S, Known, Vectors, names_of, packed
from leitstand.providers.base import Target
from leitstand.providers.faults import FaultKind, UpstreamFault


def prompt(*inputs: str, **extra: Any) -> Prompt:
    return Prompt("embeddings", "standard", (Message("user", tuple(map(Text, inputs))),), extra=extra)


def vector_of(text: str) -> tuple[float, ...]:
    """Stands for a model: a vector that only this text has."""
    return (float(len(text)), *map(float, text.encode()[:4]))


class Model:
    """A Sender that embeds and remembers what it was asked. counts: whether it reports its usage."""

    def __init__(self, counts: bool = True) -> None:
        self.asked: list[list[str]] = []
        self._counts = counts

    async def send(self, masked: Masked, _target: Target, **_more: Any) -> AsyncGenerator[Frame, None]:
        texts = [part.text for part in masked.prompt.messages[0].parts if isinstance(part, Text)]
        self.asked.append(texts)
        used = (Used(Usage(10 * len(texts))),) if self._counts else ()
        yield Frame((*[Embedded(place, vector_of(text)) for place, text in enumerate(texts)], *used))


class Desk:
    """A Remembering over a model, with what it noted."""

    def __init__(self) -> None:
        self.model, self.vectors = Model(), Vectors()
        self.noted: list[tuple[int, int]] = []

    async def embed(self, *inputs: str, provider: str = "p1", **extra: Any) -> Frame:
        sender = Remembering(
            self.model,
            self.vectors,
            lambda _target, tokens: NanoEuro(tokens),
            lambda *note: self.noted.append(note),
        )
        (frame,) = [frame async for frame in sender.send(Masked(prompt(*inputs, **extra)), target(provider))]
        return frame


def vectors_in(frame: Frame) -> list[tuple[float, ...]]:
    found = [chunk for chunk in frame.chunks if isinstance(chunk, Embedded)]
    assert [chunk.index for chunk in found] == list(range(len(found)))
    return [tuple(chunk.vector) for chunk in found]


@given(
    st.lists(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=6), min_size=1, max_size=5)
)
def test_every_input_gets_its_own_vector_and_is_asked_for_once(batches: list[list[str]]) -> None:
    async def play() -> None:
        desk = Desk()
        for batch in batches:
            assert vectors_in(await desk.embed(*batch)) == [vector_of(text) for text in batch]
        asked = [text for texts in desk.model.asked for text in texts]
        assert len(asked) == len(set(asked))

    asyncio.run(play())


async def test_usage_is_that_of_what_was_really_asked_and_the_rest_counts_as_saved() -> None:
    desk = Desk()
    await desk.embed("aa", "bb")
    frame = await desk.embed("bb", "cc", "cc")
    assert desk.model.asked == [["aa", "bb"], ["cc"]]
    assert [chunk.usage.input_tokens for chunk in frame.chunks if isinstance(chunk, Used)] == [10]
    assert desk.noted == [(0, 0), (2, 20)]


async def test_a_model_that_counts_nothing_is_booked_at_an_estimate() -> None:
    desk = Desk()
    desk.model = Model(counts=False)
    frame = await desk.embed("aa", "bb")
    (usage,) = [chunk.usage for chunk in frame.chunks if isinstance(chunk, Used)]
    assert usage.input_tokens > 0
    assert usage.estimated


@pytest.mark.parametrize("more", [{"provider": "p2"}, {"dimensions": 3}])
async def test_another_provider_and_other_parameters_are_asked_anew(more: dict[str, Any]) -> None:
    desk = Desk()
    await desk.embed("aa")
    await desk.embed("aa", **more)
    assert len(desk.model.asked) == 2


@pytest.mark.parametrize("more", [{"encoding_format": "base64"}, {"user": "anna"}])
async def test_the_way_of_writing_and_the_user_make_no_difference(more: dict[str, Any]) -> None:
    desk = Desk()
    await desk.embed("aa")
    await desk.embed("aa", **more)
    assert len(desk.model.asked) == 1


def test_the_oldest_vectors_go_first_and_a_day_is_the_longest() -> None:
    known = Known(packed([1.0] * 100), NanoEuro(1), stored_at=0.0)
    vectors = Vectors(max_bytes=2 * known.size_bytes)
    first, second, third = names_of(prompt("a", "b", "c"), target("p1"))
    vectors.put(first, known)
    vectors.put(second, known)
    assert vectors.get(first, now=1.0)
    vectors.put(third, known)
    assert vectors.get(second, now=1.0) is None
    assert vectors.get(first, now=1.0) == known
    assert vectors.size_bytes == 2 * known.size_bytes
    assert vectors.get(first, now=LIFETIME_S + 1) is None
    vectors.clear()
    assert vectors.size_bytes == 0


# ------------------------------------------------------------ on the hot path


class EmbeddingStage(Stage):
    """A stage whose provider embeds, under a model with a cache."""

    def __init__(self, cache: bool = True) -> None:
        super().__init__({}, cache=cache)
        self.model = Model()
        self.door.send = self.model.send  # type: ignore[method-assign]  # the script gives way to a model

    async def embed(self, *inputs: str, cache: str = "", number: int = 1) -> tuple[Head, Frame, Tail]:
        request = Request(f"req_{number}", prompt(*inputs), 1_790_000_000_000_000, cache=cache)
        head, piece, tail = await self.play(request)
        assert isinstance(head, Head)
        assert isinstance(piece, Piece)
        assert isinstance(tail, Tail)
        return head, piece.frame, tail


async def test_a_request_that_is_known_as_a_whole_is_a_hit_and_costs_nothing() -> None:
    stage = EmbeddingStage()
    head, first, paid = await stage.embed("aa", "bb")
    assert (head.cache, paid.cost_nano) == ("miss", 20_000)
    head, second, free = await stage.embed("bb", "aa", number=2)
    assert (head.cache, head.provider, free.cost_nano, free.saved_nano) == ("hit", "p1", 0, 20_000)
    assert vectors_in(second) == list(reversed(vectors_in(first)))
    assert len(stage.model.asked) == 1
    record = stage.journal.records[-1]
    assert (record.outcome, record.cache, record.input_tokens, record.saved_nano) == (
        "cached",
        "hit",
        0,
        20_000,
    )


async def test_a_request_that_is_half_known_pays_the_other_half() -> None:
    stage = EmbeddingStage()
    await stage.embed("aa")
    head, frame, tail = await stage.embed("aa", "bb", number=2)
    assert (head.cache, tail.cost_nano, tail.saved_nano) == ("miss", 10_000, 10_000)
    assert vectors_in(frame) == [vector_of("aa"), vector_of("bb")]
    assert stage.model.asked == [["aa"], ["bb"]]
    assert stage.journal.records[-1].detail["recalled"] == 1


async def test_off_asks_anew_and_only_asks_nobody() -> None:
    stage = EmbeddingStage()
    await stage.embed("aa")
    head, _, _ = await stage.embed("aa", cache="off", number=2)
    assert head.cache == "off"
    assert len(stage.model.asked) == 2
    head, _, _ = await stage.embed("aa", cache="only", number=3)
    assert head.cache == "hit"
    with pytest.raises(NotCached):
        await stage.embed("aa", "neu", cache="only", number=4)
    assert len(stage.model.asked) == 2


async def test_a_model_without_a_cache_remembers_no_vectors() -> None:
    stage = EmbeddingStage(cache=False)
    await stage.embed("aa")
    head, _, _ = await stage.embed("aa", number=2)
    assert head.cache == "off"
    assert len(stage.model.asked) == 2
    assert stage.cache.vectors.size_bytes == 0


async def test_known_vectors_survive_the_failure_of_a_provider() -> None:
    stage = EmbeddingStage()
    await stage.embed("aa")

    async def fails(_masked: Masked, _target: Target, **_more: Any) -> AsyncGenerator[Frame, None]:
        raise UpstreamFault(FaultKind.AUTH, "no")
        yield Frame(())

    stage.door.send = fails  # type: ignore[method-assign]
    head, _, _ = await stage.embed("aa", number=2)
    assert head.cache == "hit"


async def test_new_rules_forget_all_vectors() -> None:
    stage = EmbeddingStage()
    await stage.embed("aa")
    stage.cache.clear()
    await stage.embed("aa", number=2)
    assert len(stage.model.asked) == 2


async def test_holds_of_half_known_requests_do_not_teach_the_history_a_false_tokenizer() -> None:
    stage = EmbeddingStage()
    inputs = [f"ein Satz von einiger Länge, Nummer {number}" for number in range(40)]
    await stage.embed(*inputs)
    history = stage.gateway._ledger.history.of("standard")
    before = history.typical_input(1000)
    for number in range(20):
        await stage.embed(*inputs, f"noch ein Satz von einiger Länge, {number}", number=number + 2)
    assert history.typical_input(1000) == before
