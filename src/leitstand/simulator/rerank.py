"""Reranking as vLLM, llama.cpp and Together answer it: a document scores higher the more words it shares with the query."""

from array import array
from collections.abc import Callable
from typing import Any

import msgspec

from leitstand.simulator import embeddings, tokens
from leitstand.simulator.values import Json
from leitstand.simulator.wire import BadRequest, Lookup, Problem, mint

_DIMENSIONS = 512


class RerankBody(msgspec.Struct):
    """The request; documents are texts or objects with one."""

    query: str
    documents: list[str | dict[str, Any]]
    model: str = ""
    top_n: int | None = None
    return_documents: bool = False

    @property
    def texts(self) -> list[str]:
        """The documents as texts."""
        return [one if isinstance(one, str) else str(one.get("text", "")) for one in self.documents]


def decode(body: bytes, invalid: Callable[[str], Problem]) -> RerankBody:
    """The request; raises BadRequest in the shape of `invalid`."""
    try:
        asked = msgspec.json.decode(body, type=RerankBody)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise BadRequest(invalid(f"Invalid request: {cause}")) from cause
    if not asked.documents or not asked.query:
        raise BadRequest(invalid("query and documents must not be empty"))
    return asked


def results(asked: RerankBody) -> list[Json]:
    """The best documents first, each with its place and score (0 to 1)."""
    query = embeddings.vector(asked.query, _DIMENSIONS)
    scored = [(_likeness(query, text), place) for place, text in enumerate(asked.texts)]
    best = sorted(scored, key=lambda row: (-row[0], row[1]))[: asked.top_n]
    return [{"index": place, "relevance_score": score} for score, place in best]


def searched_tokens(asked: RerankBody) -> int:
    """Tokens of a reranker that reads the query with every document."""
    each = tokens.count(asked.query)
    return sum(each + tokens.count(text) for text in asked.texts)


def read(body: bytes, invalid: Callable[[str], Problem]) -> Lookup:
    """The whole answer to a request."""
    asked = decode(body, invalid)
    used = searched_tokens(asked)
    rows = [{**row, "document": {"text": asked.texts[row["index"]]}} for row in results(asked)]
    answer = {
        "id": mint("rerank-"),
        "object": "rerank",
        "model": asked.model,
        "results": rows,
        "usage": {"prompt_tokens": used, "completion_tokens": 0, "total_tokens": used},
    }
    return Lookup(msgspec.json.encode(answer), asked.model, used, billed=True)


def _likeness(one: "array[float]", other_text: str) -> float:
    other = embeddings.vector(other_text, _DIMENSIONS)
    product: float = sum(left * right for left, right in zip(one, other, strict=True))
    return round((1 + product) / 2, 6)
