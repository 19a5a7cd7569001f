"""Embeddings and reranking through Bedrock's InvokeModel, each model family in its own words.

Source: Amazon Bedrock User Guide, "Amazon Titan Embeddings G1 and V2", "Cohere Embed", "Rerank models". Titan takes one
text a request. A search of a reranker covers 100 documents; Bedrock counts none in its answer, so they are
counted here.
"""

import msgspec

from leitstand.core.conversation import Frame, Json, Prompt, Usage, Used
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.wire import task
from leitstand.providers.wire.cohere_embed import CohereEmbeddings
from leitstand.providers.wire.rerank import Rerank
from leitstand.providers.wire.task import Step

_PATH = "invoke"
_COHERE = CohereEmbeddings(_PATH, has_model=False)
_COHERE_RERANK = Rerank(_PATH, ("max_tokens_per_doc",), (("api_version", 2),), has_model=False)
_AMAZON_RERANK = Rerank(_PATH, has_model=False)
_DOCUMENTS_PER_SEARCH = 100


class BedrockEmbeddings:
    """Titan Text Embeddings V2 and Cohere Embed."""

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return _COHERE.lacks(prompt)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task. Raises UpstreamFault, before any call, for a model of another family."""
        task.refuse_unsayable(self, prompt)
        if "cohere.embed" in model:
            return _COHERE.steps(prompt, model)
        if "titan-embed-text" not in model:
            raise _unknown(model, "embeddings")
        wishes: Json = {}
        if (size := prompt.extra.get("dimensions")) is not None:
            wishes["dimensions"] = size
        return [
            Step(_PATH, task.encode({"inputText": text, **wishes}), _read_titan)
            for text in task.inputs(prompt)
        ]


class BedrockRerank:
    """Cohere Rerank and Amazon Rerank."""

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return _COHERE_RERANK.lacks(prompt)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task. Raises UpstreamFault, before any call, for a model of another family."""
        if "rerank" not in model:
            raise _unknown(model, "rerank")
        form = _COHERE_RERANK if "cohere." in model else _AMAZON_RERANK
        searches = -(-max(len(prompt.messages) - 1, 1) // _DOCUMENTS_PER_SEARCH)

        def counted(step: Step) -> Step:
            def read(body: bytes) -> Frame:
                frame = step.read(body)
                usage = Used(Usage(units=searches, unit="search"))
                return Frame((*frame.chunks, usage), None, "rerank")

            return Step(step.path, step.body, read)

        return [counted(step) for step in form.steps(prompt, model)]


def _unknown(model: str, what: str) -> UpstreamFault:
    return UpstreamFault(FaultKind.MODEL_MISSING, f"model {model!r} is not known for {what}", sent=False)


class _Titan(msgspec.Struct, rename="camel"):
    embedding: tuple[float, ...]
    input_text_token_count: int = 0


def _read_titan(body: bytes) -> Frame:
    answer = msgspec.json.decode(body, type=_Titan)
    vectors = task.vectors([(0, answer.embedding)], 1)
    return Frame((*vectors, *task.used({"prompt_tokens": answer.input_text_token_count})), None, "embeddings")
