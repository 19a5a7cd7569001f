"""Reranking in the format that Cohere brought up and that Together, Jina, vLLM and llama.cpp took over.

Source: Cohere API reference, "Rerank API (v2)"; vLLM, "Re-rank API"; llama.cpp server, `/v1/rerank`. Documents
are never asked back: a client gets its own, not the masked ones. Some servers answer in the order of the
documents, so the order is made here.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from leitstand.core.conversation import Chunk, Frame, Json, Prompt
from leitstand.providers.wire import task
from leitstand.providers.wire.counts import count
from leitstand.providers.wire.task import Step

_HINTS = frozenset({"return_documents", "user"})


@dataclass(frozen=True, slots=True)
class Rerank:
    """passed: further fields that the provider takes. fixed: fields of every request."""

    path: str = "rerank"
    passed: tuple[str, ...] = ()
    fixed: tuple[tuple[str, Any], ...] = ()
    has_model: bool = True

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return task.lacking(prompt, {"top_n", *self.passed}, hints=_HINTS) or task.only_text(prompt)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        query, *documents = task.texts_by_message(prompt)
        body: Json = {"model": model} if self.has_model else {}
        body |= {"query": query, "documents": documents, **dict(self.fixed)}
        best = task.top_n(prompt)
        if best is not None:
            body["top_n"] = min(best, len(documents))
        body |= task.said(prompt, self.passed)
        read = partial(_read, documents=len(documents), best=best)
        return [Step(self.path, task.encode(body), read)]


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Answer(msgspec.Struct):
    results: list[_Result]
    usage: Json | None = None
    meta: Json | None = None
    id: str | None = None


_DECODER = msgspec.json.Decoder(_Answer)


def _read(body: bytes, documents: int, best: int | None) -> Frame:
    answer = _DECODER.decode(body)
    rows = [(result.index, result.relevance_score) for result in answer.results]
    billed = (answer.meta or {}).get("billed_units")
    searches = count(billed, "search_units")
    usage = task.used(billed, "search", searches) if searches else task.used(answer.usage)
    chunks: tuple[Chunk, ...] = (*task.ranking(rows, documents, best), *usage)
    return Frame(chunks, None, "rerank")
