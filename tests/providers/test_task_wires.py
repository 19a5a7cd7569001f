"""Answers that do not fit their question are no answers, whatever their status says."""

import base64
import json
import struct
from typing import Any

import pytest

from leitstand.core.conversation import Embedded, Frame, Media, Message, Prompt, Ranked, Text, Usage, Used
from leitstand.providers.faults import FaultKind, Unsupported, UpstreamFault
from leitstand.providers.wire.bedrock_tasks import BedrockEmbeddings
from leitstand.providers.wire.cohere_embed import CohereEmbeddings
from leitstand.providers.wire.embeddings import Embeddings
from leitstand.providers.wire.google_tasks import GeminiEmbeddings, VertexEmbeddings
from leitstand.providers.wire.images import Images
from leitstand.providers.wire.rerank import Rerank
from leitstand.providers.wire.task import Task, join, portions
from leitstand.providers.wire.transcriptions import Transcriptions

EMBED = Prompt("embeddings", "m", (Message("user", (Text("eins"), Text("zwei"))),))
RANK = Prompt("rerank", "m", tuple(Message("user", (Text(text),)) for text in ("q", "a", "b", "c")))
DRAW = Prompt("images", "m", (Message("user", (Text("Baum"),)),))


def read(task: Task, prompt: Prompt, answer: Any, model: str = "m") -> Frame:
    return task.steps(prompt, model)[0].read(json.dumps(answer).encode())


def rows(*pairs: tuple[int, Any]) -> dict[str, Any]:
    return {"data": [{"index": index, "embedding": vector} for index, vector in pairs]}


@pytest.mark.parametrize(
    "answer",
    [
        rows((0, [1.0])),
        rows((0, [1.0]), (0, [1.0])),
        rows((0, [1.0]), (2, [1.0])),
        rows((0, [1.0]), (1, [1.0]), (2, [1.0])),
        rows((0, [1.0]), (1, [1.0, 2.0])),
        rows((0, []), (1, [])),
        rows((0, "AAAA"), (1, "AAAA")),
        rows((0, "kein base64!"), (1, "AAAAAA==")),
    ],
)
def test_vectors_that_do_not_match_the_inputs_are_malformed(answer: Any) -> None:
    with pytest.raises(UpstreamFault) as caught:
        read(Embeddings(9), EMBED, answer)
    assert caught.value.kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    ("task", "answer", "model"),
    [
        (CohereEmbeddings(), {"embeddings": {"float": [[1.0]]}}, "m"),
        (GeminiEmbeddings(), {"embeddings": [{"values": [1.0]}]}, "m"),
        (VertexEmbeddings(), {"predictions": [{"embeddings": {"values": [1.0]}}]}, "text-embedding-005"),
        (BedrockEmbeddings(), {"embedding": []}, "amazon.titan-embed-text-v2:0"),
    ],
)
def test_every_format_counts_its_vectors(task: Task, answer: Any, model: str) -> None:
    with pytest.raises(UpstreamFault) as caught:
        read(task, EMBED, answer, model)
    assert caught.value.kind is FaultKind.MALFORMED


def test_vectors_are_put_in_order_and_base64_is_little_endian() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -2.0)).decode()
    frame = read(Embeddings(9), EMBED, rows((1, packed), (0, [0.25, 1.0])))
    assert frame.chunks == (Embedded(0, (0.25, 1.0)), Embedded(1, (0.5, -2.0)))


def scores(*pairs: tuple[int, float]) -> dict[str, Any]:
    return {"results": [{"index": index, "relevance_score": score} for index, score in pairs]}


@pytest.mark.parametrize(
    "answer",
    [scores((0, 1)), scores((0, 1), (0, 1), (1, 1)), scores((0, 1), (1, 1), (3, 1)), scores((-1, 1), (0, 1), (1, 1))],
)  # fmt: skip
def test_a_ranking_with_missing_foreign_or_doubled_documents_is_malformed(answer: Any) -> None:
    with pytest.raises(UpstreamFault) as caught:
        read(Rerank(), RANK, answer)
    assert caught.value.kind is FaultKind.MALFORMED


def test_a_ranking_is_sorted_and_cut_where_the_server_did_neither() -> None:
    best = Prompt("rerank", "m", RANK.messages, extra={"top_n": 2})
    frame = read(Rerank(), best, scores((0, 0.1), (1, 0.9), (2, 0.5)) | {"usage": {"total_tokens": 7}})
    assert frame.chunks == (Ranked(1, 0.9), Ranked(2, 0.5), Used(Usage(7, raw={"total_tokens": 7})))


def test_an_answer_without_any_picture_is_empty() -> None:
    assert read(Images(), DRAW, {"data": [{"b64_json": None}]}).chunks == ()


@pytest.mark.parametrize("usage", [None, {"type": "duration", "seconds": -4}, {"type": "tokens"}])
def test_a_transcript_without_a_count_leaves_the_bill_to_our_estimate(usage: Any) -> None:
    sound = Message("user", (Media("audio", "audio/wav", "AAAA", name="a.wav"),))
    frame = read(Transcriptions(), Prompt("transcriptions", "m", (sound,)), {"text": "Tag", "usage": usage})
    assert not any(isinstance(chunk, Used) for chunk in frame.chunks)


def test_a_sum_with_a_part_unknown_is_left_unsaid() -> None:
    known = Frame((Embedded(0, (1.0,)), Used(Usage(3))), None, "embeddings")
    silent = Frame((Embedded(0, (2.0,)),), None, "embeddings")
    assert join([known, silent]).chunks == (Embedded(0, (1.0,)), Embedded(1, (2.0,)))
    assert join([known, known]).chunks[-1] == Used(Usage(6))


def test_nothing_to_embed_is_refused_before_any_call() -> None:
    nothing = Prompt("embeddings", "m", (Message("user", ()),))
    for task in (Embeddings(9), CohereEmbeddings(), VertexEmbeddings(), BedrockEmbeddings()):
        with pytest.raises(Unsupported, match="no input"):
            task.steps(nothing, "amazon.titan-embed-text-v2:0")


def test_portions_keep_to_number_and_tokens_and_lose_nothing() -> None:
    assert portions(["a"] * 5, 2) == [["a", "a"], ["a", "a"], ["a"]]
    assert portions(["a" * 10, "b" * 10, "c" * 90, "d"], 9, 12) == [["a" * 10, "b" * 10], ["c" * 90], ["d"]]
    assert portions([], 2) == [[]]
