"""`/v1/rerank` in the format of Cohere and Jina, which clients of both read.

Source: Cohere API reference, "Rerank API" (v1 and v2); Jina, "Reranker API". A document that is asked back is
the client's own, as it sent it: the provider has only seen it with stand-ins.
"""

from functools import partial
from typing import Any

import msgspec

from leitstand.api.dialects import fields as read
from leitstand.api.dialects.problems import chat_error_body
from leitstand.api.dialects.task import Asked, Reply, input_tokens, json_reply, used
from leitstand.core.conversation import Frame, Json, Message, Prompt, Ranked, Text
from leitstand.core.errors import Refusal
from leitstand.core.ids import new_id

__all__ = ["error_body", "read_request"]


def read_request(body: bytes, _content_type: str = "") -> Asked:
    """The prompt and the way to answer it; raises InvalidRequest."""
    rest = read.read_object(body)
    model = read.name(rest.pop("model", None), "model")
    query = read.text(rest.pop("query", None), "query")
    if not query:
        raise read.wrong("query", query, "ein Text, der nicht leer ist", "a text that is not empty")
    documents = read.members(rest.pop("documents", None), "documents")
    if not documents:
        raise read.wrong("documents", documents, "mindestens ein Dokument", "at least one document")
    texts = [_text(document, f"documents[{place}]") for place, document in enumerate(documents)]
    read.whole(rest.get("top_n"), "top_n", 1)
    is_asked_back = read.flag(rest.pop("return_documents", None), "return_documents")
    messages = tuple([Message("user", (Text(text),)) for text in (query, *texts)])
    prompt = Prompt("rerank", model, messages, extra=rest)
    return Asked(prompt, partial(_write, prompt, documents if is_asked_back else None))


def error_body(refusal: Refusal, language: str, request_id: str) -> bytes:
    """The usual error with its sentence once more at the top, where Cohere's clients look for it."""
    body: Json = msgspec.json.decode(chat_error_body(refusal, language, request_id))
    return msgspec.json.encode({"message": refusal.message(language), **body})


def _text(document: Any, at: str) -> str:
    if isinstance(document, dict):
        return read.text(document.get("text"), f"{at}.text")
    if isinstance(document, str):
        return document
    raise read.wrong(at, document, "ein Text oder ein Objekt mit „text“", "a string or an object with 'text'")


def _write(prompt: Prompt, documents: list[Any] | None, frame: Frame) -> Reply:
    ranked = sorted(
        (chunk for chunk in frame.chunks if isinstance(chunk, Ranked)), key=lambda chunk: -chunk.score
    )
    usage, tokens = used(frame), input_tokens(frame, prompt)
    billed: Json = {"search_units": usage.units} if usage and usage.units else {"input_tokens": tokens}
    return json_reply(
        {
            "id": new_id("rerank"),
            "model": prompt.model,
            "results": [_result(chunk, documents) for chunk in ranked[: prompt.extra.get("top_n")]],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "meta": {"api_version": {"version": "2"}, "billed_units": billed},
        }
    )


def _result(chunk: Ranked, documents: list[Any] | None) -> Json:
    result: Json = {"index": chunk.index, "relevance_score": chunk.score}
    if documents is not None:
        document = documents[chunk.index]
        result["document"] = {"text": document} if isinstance(document, str) else document
    return result
