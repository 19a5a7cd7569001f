"""Single tasks through the real pool and door, against simulators that are as strict as the providers."""

import base64
import io
import sys
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leitstand.core import registry
from leitstand.core.classes import Region
from leitstand.core.conversation import (
    CONVERSATIONS,
    Dialect,
    Drawn,
    Embedded,
    Frame,
    Heard,
    Masked,
    Media,
    Message,
    Prompt,
    Ranked,
    Text,
    TextDelta,
    Tool,
    Usage,
    Used,
)
from leitstand.providers import adapters
from leitstand.providers.base import Adapter, Patience, Target
from leitstand.providers.door import Door
from leitstand.providers.faults import FaultKind, Unsupported, UpstreamFault
from leitstand.providers.http.pool import Pool
from leitstand.simulator import pictures, sounds, tokens

sys.path.append(str(Path(__file__).parents[1]))
from support.simulator import Simulator, start_simulator

SHELF = registry.load(adapters, "ADAPTER", "kind", Adapter)
FRONTS = {
    "openai": "v1", "openai_compatible": "v1", "azure_openai": "openai/v1", "mistral": "mistral/v1",
    "cohere": "v2", "together": "together/v1", "gemini": "v1beta", "anthropic": "v1", "bedrock": "",
    "vertex": "v1/projects/p/locations/europe-west3",
}  # fmt: skip
MODELS = {
    ("bedrock", "embeddings"): "amazon.titan-embed-text-v2:0",
    ("bedrock", "rerank"): "cohere.rerank-v3-5:0",
    ("vertex", "embeddings"): "text-embedding-005",
}
_PATIENCE = Patience(connect_s=2, first_token_s=0.4, idle_s=0.4, total_s=3)


def serving(task: Dialect) -> Any:
    """Every kind on the shelf that serves a task."""
    kinds = [kind for kind, adapter in SHELF.items() if task in adapter.serves]
    return pytest.mark.parametrize("kind", kinds)


every_task = pytest.mark.parametrize(
    ("kind", "task"),
    [(kind, task) for kind, one in SHELF.items() for task in sorted(one.serves - CONVERSATIONS)],
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator() as running:
        yield running


@dataclass
class Desk:
    """Asks the simulated provider of a kind."""

    simulator: Simulator
    pool: Pool

    async def ask(self, kind: str, prompt: Prompt, model: str = "", front: str | None = None) -> Frame:
        """The one frame of the answer."""
        model = model or MODELS.get((kind, prompt.dialect), "modell-1")
        url = f"{self.simulator.root(kind)}/{FRONTS[kind] if front is None else front}".rstrip("/")
        target = Target(kind, kind, model, Region.US, url, "key-4711-geheim", _PATIENCE)
        async with aclosing(Door(self.pool, SHELF).send(Masked(prompt), target)) as frames:
            (frame,) = [frame async for frame in frames]
        return frame

    def entries(self, kind: str) -> list[dict[str, Any]]:
        return self.simulator.log(kind, idle=True)

    def billed(self, kind: str) -> tuple[int, int, int]:
        found = self.simulator.summary(kind, idle=True)
        return found["billed_input"], found["billed_output"], found["billed_units"]


@pytest.fixture
async def desk(simulator: Simulator) -> AsyncIterator[Desk]:
    for kind in SHELF:
        simulator.reset(kind)
    pool = Pool()
    yield Desk(simulator, pool)
    await pool.close()


def embed(*inputs: str, **extra: Any) -> Prompt:
    return Prompt("embeddings", "m", (Message("user", tuple(map(Text, inputs))),), extra=extra)


def rank(query: str, *documents: str, **extra: Any) -> Prompt:
    turns = tuple(Message("user", (Text(text),)) for text in (query, *documents))
    return Prompt("rerank", "m", turns, extra=extra)


def draw(text: str, choices: int = 1, **extra: Any) -> Prompt:
    return Prompt("images", "m", (Message("user", (Text(text),)),), choices=choices, extra=extra)


def hear(seconds: float = 1.5, name: str = "Guten_Tag.wav", hint: str = "", **extra: Any) -> Prompt:
    media = Media("audio", "audio/wav", base64.b64encode(wav(seconds)).decode(), name=name)
    parts = (Text(hint), media) if hint else (media,)
    return Prompt("transcriptions", "m", (Message("user", parts),), extra=extra)


def count(text: str, *, max_tokens: int = 9, **more: Any) -> Prompt:
    turns = (Message("system", (Text("Kurz"),)), Message("user", (Text(text),)))
    return Prompt("count_tokens", "m", turns, max_tokens=max_tokens, **more)


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\r\n" * int(8000 * seconds))  # bytes that would break a careless form
    return buffer.getvalue()


SMALL: dict[Dialect, Prompt] = {
    "embeddings": embed("Guten Tag"), "rerank": rank("Tag", "Guten Tag"), "images": draw("ein Baum"),
    "transcriptions": hear(), "count_tokens": count("Guten Tag"),
}  # fmt: skip


def vectors(frame: Frame) -> list[tuple[float, ...]]:
    found = [chunk for chunk in frame.chunks if isinstance(chunk, Embedded)]
    assert [chunk.index for chunk in found] == list(range(len(found)))
    return [chunk.vector for chunk in found]


def usage(frame: Frame) -> Usage:
    (found,) = [chunk.usage for chunk in frame.chunks if isinstance(chunk, Used)]
    return found


def one(frame: Frame, kind: type[Any]) -> Any:
    (found,) = [chunk for chunk in frame.chunks if isinstance(chunk, kind)]
    return found


@every_task
async def test_what_is_booked_is_what_the_provider_billed(kind: str, task: Dialect, desk: Desk) -> None:
    frame = await desk.ask(kind, SMALL[task])
    assert frame.dialect == task
    if task == "count_tokens":
        assert desk.billed(kind) == (0, 0, 0)
        return
    used = usage(frame)
    tokens_in, tokens_out, units = desk.billed(kind)
    assert (used.input_tokens, used.output_tokens) == (tokens_in, tokens_out)
    assert used.units == units
    assert tokens_in or units


@every_task
@pytest.mark.parametrize(
    ("fault", "kind_of_fault"),
    [
        ("rate_limit", "rate_limited"), ("server_error", "server"), ("unauthorized", "auth"),
        ("empty_body", "empty"), ("html_body", "malformed"), ("malformed_plain", "malformed"),
        ("cut_plain", "cut"),
    ],
)  # fmt: skip
async def test_a_fault_is_named(kind: str, task: Dialect, fault: str, kind_of_fault: str, desk: Desk) -> None:
    desk.simulator.faults(kind, {"fault": fault, "times": None})
    with pytest.raises(UpstreamFault) as caught:
        await desk.ask(kind, SMALL[task])
    assert caught.value.kind.startswith(kind_of_fault)
    assert not caught.value.answered


async def test_silence_ends_in_time_also_where_a_task_may_take_long(desk: Desk) -> None:
    desk.simulator.faults("openai", {"fault": "hang_before_headers", "times": None})
    for task, kind in (("embeddings", FaultKind.TIMEOUT_FIRST), ("images", FaultKind.TIMEOUT_TOTAL)):
        with pytest.raises(UpstreamFault) as caught:
            await desk.ask("openai", SMALL[task])
        assert caught.value.kind is kind


@every_task
def test_a_stream_of_a_task_cannot_be_had(kind: str, task: Dialect) -> None:
    prompt = msgspec.structs.replace(SMALL[task], stream=True)
    assert task == "count_tokens" or SHELF[kind].lacks(prompt) == "stream"


@serving("embeddings")
async def test_each_input_gets_its_own_vector(kind: str, desk: Desk) -> None:
    texts = ["Rechnung Juli", "Rechnung August", "Urlaub"]
    found = vectors(await desk.ask(kind, embed(*texts)))
    alone = [vectors(await desk.ask(kind, embed(text)))[0] for text in texts]
    assert found == alone
    assert _dot(found[0], found[1]) > _dot(found[0], found[2])


def _dot(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))


@pytest.mark.parametrize(
    ("kind", "inputs", "calls"),
    [
        ("openai", 2049, 2), ("mistral", 513, 2), ("cohere", 97, 2), ("gemini", 101, 2), ("vertex", 251, 2),
        ("bedrock", 9, 9), ("together", 129, 2),
    ],
)  # fmt: skip
async def test_more_inputs_than_a_provider_takes_go_in_several_calls(
    kind: str, inputs: int, calls: int, desk: Desk
) -> None:
    size = {} if kind == "together" else {"dimensions": 256}
    frame = await desk.ask(kind, embed(*(f"wort{number}" for number in range(inputs)), **size))
    assert len(vectors(frame)) == inputs
    assert len(desk.entries(kind)) == calls
    assert usage(frame).input_tokens == desk.billed(kind)[0] >= inputs
    assert frame.raw is None


async def test_the_first_fault_of_several_calls_is_the_fault(desk: Desk) -> None:
    desk.simulator.faults("bedrock", "none", "none", {"fault": "server_error", "times": 1})
    with pytest.raises(UpstreamFault) as caught:
        await desk.ask("bedrock", embed(*("wort" for _ in range(9))))
    assert caught.value.kind is FaultKind.SERVER


@pytest.mark.parametrize("kind", ["openai", "azure_openai"])
async def test_vectors_come_as_the_client_wants_them(kind: str, desk: Desk) -> None:
    plain = await desk.ask(kind, embed("Guten Tag", encoding_format="float", dimensions=8, user="u"))
    packed = await desk.ask(kind, embed("Guten Tag", encoding_format="base64", dimensions=8))
    assert vectors(plain)[0] == pytest.approx(vectors(packed)[0])
    assert plain.raw is not None
    assert packed.raw is not None
    assert isinstance(msgspec.json.decode(packed.raw)["data"][0]["embedding"], str)
    assert len(vectors(plain)[0]) == 8


@pytest.mark.parametrize("kind", ["mistral", "openai_compatible"])
async def test_bytes_in_another_form_than_asked_for_are_not_passed_on(kind: str, desk: Desk) -> None:
    frame = await desk.ask(kind, embed("Guten Tag", encoding_format="base64"))
    assert frame.raw is None
    assert vectors(frame)


@pytest.mark.parametrize(
    ("kind", "extra", "missing"),
    [
        ("openai", {"encoding_format": "int8"}, "encoding_format: int8"),
        ("together", {"dimensions": 8}, "dimensions"),
        ("cohere", {"input_type": "unsinn"}, "input_type: unsinn"),
        ("gemini", {"input_type": "unsinn"}, "input_type: unsinn"),
        ("openai", {"truncate": "END"}, "truncate"),
    ],
)
def test_what_an_embedding_lacks_is_named(kind: str, extra: dict[str, Any], missing: str) -> None:
    assert SHELF[kind].lacks(embed("a", **extra)) == missing


def test_a_picture_cannot_be_embedded() -> None:
    prompt = Prompt("embeddings", "m", (Message("user", (Media("image", url="https://x"),)),))
    assert SHELF["openai"].lacks(prompt) == "image"


@pytest.mark.parametrize(
    ("kind", "word"),
    [("cohere", '"input_type":"search_query"'), ("gemini", '"taskType":"RETRIEVAL_QUERY"'),
     ("vertex", '"task_type":"RETRIEVAL_QUERY"')],
)  # fmt: skip
async def test_the_kind_of_a_text_is_told_where_the_provider_asks(kind: str, word: str, desk: Desk) -> None:
    await desk.ask(kind, embed("Wo?", input_type="search_query", user="u"))
    assert word in desk.entries(kind)[-1]["body"]


@pytest.mark.parametrize(
    ("model", "verb", "calls"),
    [("gemini-embedding-001", "predict", 2), ("gemini-embedding-2", "embedContent", 2), ("text-embedding-005", "predict", 1)],
)  # fmt: skip
async def test_vertex_models_are_asked_by_the_call_they_know(
    model: str, verb: str, calls: int, desk: Desk
) -> None:
    frame = await desk.ask("vertex", embed("eins", "zwei", dimensions=16), model)
    paths = [entry["path"] for entry in desk.entries("vertex")]
    assert len(paths) == calls
    assert all(path.endswith(f"{model}:{verb}") for path in paths)
    assert len(vectors(frame)) == 2
    assert len(vectors(frame)[0]) == 16


async def test_bedrock_speaks_cohere_too_and_refuses_what_it_does_not_know(desk: Desk) -> None:
    frame = await desk.ask("bedrock", embed("eins", "zwei"), "cohere.embed-multilingual-v3")
    assert len(vectors(frame)) == 2
    with pytest.raises(UpstreamFault) as caught:
        await desk.ask("bedrock", embed("eins"), "anthropic.claude")
    assert caught.value.kind is FaultKind.MODEL_MISSING
    assert not caught.value.sent


@serving("rerank")
async def test_documents_come_back_best_first(kind: str, desk: Desk) -> None:
    asked = rank("Urlaub im August", "Rechnung", "Urlaub im Juli", "Urlaub im August", top_n=2)
    frame = await desk.ask(kind, asked)
    ranked = [chunk for chunk in frame.chunks if isinstance(chunk, Ranked)]
    assert [chunk.index for chunk in ranked] == [2, 1]
    assert ranked[0].score > ranked[1].score
    assert frame.raw is None


async def test_searches_are_counted_by_the_hundred(desk: Desk) -> None:
    for kind in ("cohere", "bedrock"):
        frame = await desk.ask(kind, rank("Tag", *("Guten Tag" for _ in range(101))))
        assert (usage(frame).units, usage(frame).unit) == (2, "search")


@serving("images")
async def test_pictures_come_as_bytes_where_wanted(kind: str, desk: Desk) -> None:
    frame = await desk.ask(kind, draw("ein Baum", 2, response_format="b64_json", size="256x128"))
    drawn = [chunk for chunk in frame.chunks if isinstance(chunk, Drawn)]
    assert [base64.b64decode(chunk.data) for chunk in drawn] == [
        pictures.png("ein Baum 0"),
        pictures.png("ein Baum 1"),
    ]
    assert all(chunk.media_type.startswith("image/") for chunk in drawn)
    assert (usage(frame).units, usage(frame).unit) == (2, "image")


async def test_a_picture_billed_by_tokens_says_so(desk: Desk) -> None:
    frame = await desk.ask("openai", draw("ein Baum", response_format="b64_json"), "gpt-image-1")
    assert usage(frame).output_tokens == pictures.TOKENS_EACH
    assert frame.raw is not None


async def test_together_takes_sides_and_no_odd_size(desk: Desk) -> None:
    await desk.ask("together", draw("ein Baum", size="256x128"))
    assert '"width":256,"height":128' in desk.entries("together")[-1]["body"]
    assert SHELF["together"].lacks(draw("ein Baum", size="groß")) == "size: groß"


@serving("transcriptions")
async def test_a_transcript_tells_what_was_said_and_how_long(kind: str, desk: Desk) -> None:
    prompt = hear(2.4, language="de", response_format="verbose_json", timestamp_granularities=["segment"])
    frame = await desk.ask(kind, prompt)
    assert one(frame, TextDelta).text == "Guten Tag"
    heard = one(frame, Heard)
    assert heard.language == "de"
    assert (usage(frame).units, usage(frame).unit) == (3, "second")
    assert heard.extra["segments"][0]["text"] == "Guten Tag"


@pytest.mark.parametrize("kind", ["openai", "azure_openai"])
async def test_subtitles_are_made_of_times(kind: str, desk: Desk) -> None:
    frame = await desk.ask(kind, hear(1.5, hint="Namen: Berta", response_format="srt"))
    assert one(frame, Heard).extra["segments"][0]["end"] == 1.5
    assert frame.raw is None


async def test_a_form_keeps_every_byte_and_hostile_names_in_their_place(desk: Desk) -> None:
    name = 'Guten"\r\nTag; name="model".wav'
    frame = await desk.ask("openai", hear(0.5, name=name))
    assert one(frame, Heard).seconds == 1
    assert "Tag; name=" in one(frame, TextDelta).text.replace("_", " ").replace("  ", " ")


async def test_a_transcript_billed_by_tokens_says_so(desk: Desk) -> None:
    frame = await desk.ask("openai", hear(2, response_format="srt"), "gpt-4o-transcribe")
    assert usage(frame).input_tokens == 2 * sounds.TOKENS_PER_S
    assert usage(frame).units == 0


def test_what_a_transcription_lacks_is_named() -> None:
    assert SHELF["mistral"].lacks(hear(hint="Namen")) == "prompt"
    assert SHELF["openai"].lacks(hear(response_format="diarized_json")) == "response_format: diarized_json"
    assert SHELF["openai"].lacks(hear(diarize=True)) == "diarize"


async def test_a_transcription_without_sound_is_refused_before_any_call(desk: Desk) -> None:
    with pytest.raises(Unsupported):
        await desk.ask("openai", Prompt("transcriptions", "m", (Message("user", (Text("nur Text"),)),)))
    assert desk.entries("openai") == []


async def test_a_classic_azure_address_names_the_deployment(desk: Desk) -> None:
    for prompt in (embed("Tag"), draw("Baum"), hear()):
        await desk.ask("azure_openai", prompt, "mein-modell", front="")
    found = desk.entries("azure_openai")
    assert [entry["model"] for entry in found] == ["mein-modell"] * 3
    assert all("/deployments/mein-modell/" in entry["path"] for entry in found)


@serving("count_tokens")
async def test_tokens_are_counted_with_system_prompt_and_tools(kind: str, desk: Desk) -> None:
    bare = usage(await desk.ask(kind, count("Guten Tag"))).input_tokens
    tool = Tool("wetter", "Wetter", {"type": "object", "properties": {"ort": {"type": "string"}}})
    asked = usage(await desk.ask(kind, count("Guten Tag", tools=(tool,), temperature=0.5))).input_tokens
    assert bare == tokens.count("Kurz") + tokens.count("Guten Tag")
    assert asked > bare
