"""Embeddings of Cohere, version 2.

Source: Cohere API reference, "Embed API (v2)": at most 96 texts a request. `input_type` tells what a text is;
without a word from the client it is a document, as in an index.
"""

from dataclasses import dataclass
from functools import partial

import msgspec

from leitstand.core.conversation import Frame, Json, Prompt
from leitstand.providers.wire import embeddings, task
from leitstand.providers.wire.task import Step

BATCH = 96
_KINDS = frozenset({"search_document", "search_query", "classification", "clustering"})


@dataclass(frozen=True, slots=True)
class CohereEmbeddings:
    """path: where it is asked. has_model: whether the body names the model, as only Cohere's own API wants it."""

    path: str = "embed"
    has_model: bool = True

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        kind = prompt.extra.get("input_type") or "search_document"
        if kind not in _KINDS:
            return f"input_type: {kind}"
        return embeddings.lacking(prompt, dimensions=True)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        body: Json = {"model": model} if self.has_model else {}
        body["input_type"] = prompt.extra.get("input_type") or "search_document"
        body["embedding_types"] = ["float"]
        if (size := prompt.extra.get("dimensions")) is not None:
            body["output_dimension"] = size
        return [
            Step(self.path, task.encode({**body, "texts": portion}), partial(_read, wanted=len(portion)))
            for portion in task.portions(task.inputs(prompt), BATCH)
        ]


class _ByType(msgspec.Struct):
    float: list[tuple[float, ...]]


class _Answer(msgspec.Struct):
    embeddings: _ByType
    meta: Json | None = None


_DECODER = msgspec.json.Decoder(_Answer)


def _read(body: bytes, wanted: int) -> Frame:
    answer = _DECODER.decode(body)
    rows = list(enumerate(answer.embeddings.float))
    billed = (answer.meta or {}).get("billed_units")
    return Frame((*task.vectors(rows, wanted), *task.used(billed)), None, "embeddings")
