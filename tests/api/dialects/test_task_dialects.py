"""Single tasks in the words of their clients: what is read, what is refused, how answers are written."""

import base64
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.api.dialects import count_tokens, embeddings, images, rerank
from leitstand.core.conversation import Drawn, Embedded, Frame, Media, Ranked, Text, Usage, Used, texts
from leitstand.core.errors import InvalidRequest, Refusal

READERS: dict[str, Any] = {
    "embeddings": embeddings.read_request,
    "rerank": rerank.read_request,
    "images": images.read_request,
    "count_tokens": count_tokens.read_request,
}
RANKING = Frame((Ranked(1, 0.9), Ranked(0, 0.2), Used(Usage(12, units=1, unit="search"))))


def read(task: str, **fields: Any) -> Any:
    return READERS[task](json.dumps({"model": "m", **fields}).encode(), "application/json")


@pytest.mark.parametrize(
    ("task", "fields", "param"),
    [
        ("embeddings", {}, "input"),
        ("embeddings", {"input": ""}, "input"),
        ("embeddings", {"input": []}, "input"),
        ("embeddings", {"input": ["a", ""]}, "input[1]"),
        ("embeddings", {"input": ["a", None]}, "input[1]"),
        ("embeddings", {"input": {"text": "a"}}, "input"),
        ("embeddings", {"input": [1, 2, 3]}, "input"),
        ("embeddings", {"input": [[1, 2], [3]]}, "input"),
        ("embeddings", {"input": "a", "model": ""}, "model"),
        ("embeddings", {"input": "a", "dimensions": 0}, "dimensions"),
        ("embeddings", {"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ("rerank", {"documents": ["a"]}, "query"),
        ("rerank", {"query": "", "documents": ["a"]}, "query"),
        ("rerank", {"query": "q"}, "documents"),
        ("rerank", {"query": "q", "documents": []}, "documents"),
        ("rerank", {"query": "q", "documents": ["a", 1]}, "documents[1]"),
        ("rerank", {"query": "q", "documents": [{"titel": "a"}]}, "documents[0].text"),
        ("rerank", {"query": "q", "documents": ["a"], "top_n": 0}, "top_n"),
        ("rerank", {"query": "q", "documents": ["a"], "return_documents": "ja"}, "return_documents"),
        ("images", {}, "prompt"),
        ("images", {"prompt": ""}, "prompt"),
        ("images", {"prompt": "a", "n": 0}, "n"),
        ("images", {"prompt": "a", "stream": True}, "stream"),
        ("images", {"prompt": "a", "response_format": "png"}, "response_format"),
        ("count_tokens", {}, "messages"),
        ("count_tokens", {"messages": []}, "messages"),
    ],
)
def test_a_wrong_field_is_named(task: str, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(task, **fields)
    assert caught.value.detail["param"] == param
    assert f"'{param}'" in caught.value.de
    assert f"'{param}'" in caught.value.en


def test_token_numbers_are_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read("embeddings", input=[[9906, 1917]])
    assert "check_embedding_ctx_length=False" in caught.value.de
    assert "personenbezogene Daten" in caught.value.de


@pytest.mark.parametrize("given_input", ["Guten Tag", ["Guten Tag"]])
def test_one_text_and_a_list_of_one_are_the_same(given_input: Any) -> None:
    prompt = read("embeddings", input=given_input, dimensions=8, user="anna").prompt
    assert prompt.messages[0].parts == (Text("Guten Tag"),)
    assert prompt.extra == {"dimensions": 8, "user": "anna"}
    assert prompt.dialect == "embeddings"


_FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(_FLOAT32, min_size=3, max_size=3), min_size=1, max_size=4))
def test_vectors_come_through_unchanged_as_numbers_and_as_base64(vectors: list[list[float]]) -> None:
    frame = Frame(tuple(Embedded(place, tuple(vector)) for place, vector in enumerate(vectors)))
    inputs = ["x"] * len(vectors)
    plain = json.loads(read("embeddings", input=inputs).write(frame).body)
    coded = json.loads(read("embeddings", input=inputs, encoding_format="base64").write(frame).body)
    assert [row["embedding"] for row in plain["data"]] == vectors
    unpacked = [struct.unpack("<3f", base64.b64decode(row["embedding"])) for row in coded["data"]]
    assert [list(row) for row in unpacked] == vectors
    assert [row["index"] for row in plain["data"]] == list(range(len(vectors)))


def test_usage_of_an_embedding_is_the_providers_and_else_an_estimate() -> None:
    asked = read("embeddings", input="Guten Tag")
    counted = Frame((Embedded(0, (1.0,)), Used(Usage(7))))
    assert json.loads(asked.write(counted).body)["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    silent = Frame((Embedded(0, (1.0,)),))
    assert json.loads(asked.write(silent).body)["usage"]["prompt_tokens"] > 0


def test_ranked_documents_come_back_as_the_client_sent_them() -> None:
    documents = ["Herr Müller", {"text": "Frau Sommer", "id": 7}]
    asked = read("rerank", query="Wer?", documents=documents, return_documents=True)
    assert [list(texts(asked.prompt))] == [["Wer?", "Herr Müller", "Frau Sommer"]]
    body = json.loads(asked.write(RANKING).body)
    assert body["results"] == [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "Frau Sommer", "id": 7}},
        {"index": 0, "relevance_score": 0.2, "document": {"text": "Herr Müller"}},
    ]
    assert body["meta"]["billed_units"] == {"search_units": 1}
    assert body["usage"]["total_tokens"] == 12


def test_documents_stay_out_of_an_answer_that_does_not_ask_for_them() -> None:
    body = json.loads(read("rerank", query="q", documents=["a", "b"], top_n=1).write(RANKING).body)
    assert body["results"] == [{"index": 1, "relevance_score": 0.9}]


def test_a_refused_ranking_tells_its_sentence_where_cohere_has_it() -> None:
    class Full(Refusal):
        status, code = 429, "budget_exhausted"

    body = json.loads(rerank.error_body(Full("Voll.", "Full."), "de", "req_1"))
    assert body["message"] == body["error"]["message"] == "Voll."
    assert body["error"]["code"] == "budget_exhausted"


def test_a_picture_is_written_from_either_source() -> None:
    asked = read("images", prompt="Ein Hund", n=2, size="1024x1024", response_format="url")
    assert asked.prompt.choices == 2
    assert asked.prompt.extra == {"size": "1024x1024", "response_format": "url"}
    drawn = Frame(
        (Drawn(url="https://x.example/1"), Drawn("QUJD", "image/png", revised_prompt="Ein brauner Hund"))
    )
    body = json.loads(asked.write(drawn).body)
    assert body["data"] == [
        {"url": "https://x.example/1"},
        {"b64_json": "QUJD", "revised_prompt": "Ein brauner Hund"},
    ]
    assert body["created"] > 0


def test_a_picture_of_the_same_wire_passes_byte_for_byte() -> None:
    raw = b'{"created":1,"data":[{"b64_json":"QUJD"}],"quality":"low"}'
    asked = read("images", prompt="Ein Hund")
    assert asked.write(Frame((Drawn("QUJD"),), raw, "images")).body == raw


def test_a_count_needs_no_cap_and_keeps_the_words_of_messages() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
    asked = read(
        "count_tokens",
        system="Kurz.",
        messages=[{"role": "user", "content": [{"type": "text", "text": "Hallo"}, image]}],
    )
    assert asked.prompt.dialect == "count_tokens"
    assert asked.prompt.max_tokens is None
    assert [message.role for message in asked.prompt.messages] == ["system", "user"]
    assert isinstance(asked.prompt.messages[1].parts[1], Media)


@pytest.mark.parametrize("estimated", [False, True])
def test_a_count_says_whether_it_is_an_estimate(estimated: bool) -> None:
    asked = read("count_tokens", messages=[{"role": "user", "content": "Hallo"}])
    reply = asked.write(Frame((Used(Usage(11, estimated=estimated)),)))
    assert json.loads(reply.body) == {"input_tokens": 11}
    assert ((b"x-leitstand-estimated", b"true") in reply.headers) is estimated
