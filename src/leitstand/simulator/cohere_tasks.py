"""Cohere's embeddings and reranking, at its own API and (`read_invoked`) at Bedrock."""

from collections.abc import Callable
from typing import Any

import msgspec

from leitstand.simulator import embeddings, rerank, tokens
from leitstand.simulator.wire import BadRequest, Lookup, Problem, mint

MOST_TEXTS = 96
DOCUMENTS_PER_SEARCH = 100
_SIZES = (256, 512, 1024, 1536)
_KINDS = ("search_document", "search_query", "classification", "clustering")


class EmbedBody(msgspec.Struct):
    """The request for vectors of floats."""

    texts: list[str]
    input_type: str
    model: str = ""
    embedding_types: tuple[str, ...] = ("float",)
    output_dimension: int = 1536
    truncate: str = "END"


def embed(body: bytes, invalid: Callable[[str], Problem], model: str = "") -> Lookup:
    """The whole answer to a request. model: where the path names it."""
    try:
        asked = msgspec.json.decode(body, type=EmbedBody)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise BadRequest(invalid(f"invalid request: {cause}")) from cause
    name = asked.model or model
    if not name or not 1 <= len(asked.texts) <= MOST_TEXTS:
        raise BadRequest(invalid(f"invalid request: total number of texts must be at most {MOST_TEXTS}"))
    if asked.input_type not in _KINDS or asked.output_dimension not in _SIZES:
        raise BadRequest(invalid("invalid request: input_type or output_dimension is not valid"))
    used = sum(max(1, tokens.count(text)) for text in asked.texts)
    rows = [embeddings.vector(text, asked.output_dimension).tolist() for text in asked.texts]
    answer: dict[str, Any] = {
        "id": mint(""),
        "response_type": "embeddings_by_type",
        "embeddings": {"float": rows},
        "texts": asked.texts,
    }
    if not model:
        answer["meta"] = _meta(input_tokens=used)
    return Lookup(msgspec.json.encode(answer), name, used, billed=True)


def ranked(body: bytes, invalid: Callable[[str], Problem], model: str = "") -> Lookup:
    """The whole answer to a request for a ranking; billed by search. model: where the path names it."""
    asked = rerank.decode(body, invalid)
    name = asked.model or model
    if not name:
        raise BadRequest(invalid("invalid request: model is required"))
    searches = -(-len(asked.documents) // DOCUMENTS_PER_SEARCH)
    answer: dict[str, Any] = {"id": mint(""), "results": rerank.results(asked)}
    if not model:
        answer["meta"] = _meta(search_units=searches)
    return Lookup(msgspec.json.encode(answer), name, billed=True, units=searches)


def _meta(**billed: int) -> dict[str, Any]:
    return {"api_version": {"version": "2"}, "billed_units": billed}
