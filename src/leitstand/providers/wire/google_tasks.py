"""Google's embeddings and counts of tokens, at both of its front doors.

Source: Gemini API, "Embeddings" (`batchEmbedContents`, 100 texts) and "Counting tokens"; Vertex AI, "Text
embeddings API" (`predict`: 250 texts and 20,000 tokens of the older models, one of gemini-embedding-001; `embedContent` for newer
Gemini models, one) and "CountTokens". The path of a step is the verb behind the model.
"""

from dataclasses import dataclass
from functools import partial

import msgspec
from msgspec.structs import replace

from leitstand.core.conversation import Frame, Json, Prompt, Usage, Used
from leitstand.providers.wire import embeddings, gemini, task
from leitstand.providers.wire.counts import count
from leitstand.providers.wire.task import Step

_BATCH, _PREDICT_BATCH, _PREDICT_TOKENS = 100, 250, 20_000
_KINDS = {
    "search_document": "RETRIEVAL_DOCUMENT", "search_query": "RETRIEVAL_QUERY",
    "classification": "CLASSIFICATION", "clustering": "CLUSTERING",
}  # fmt: skip


class _Embeddings:
    """What both doors cannot say."""

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        kind = prompt.extra.get("input_type")
        if kind and kind not in _KINDS:
            return f"input_type: {kind}"
        return embeddings.lacking(prompt, dimensions=True)


class GeminiEmbeddings(_Embeddings):
    """At the Gemini API."""

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        name = model if "/" in model else f"models/{model}"
        wishes = _wishes(prompt)
        return [
            Step(
                "batchEmbedContents",
                task.encode({"requests": [{"model": name, **_content(text), **wishes} for text in portion]}),
                partial(_read_batch, wanted=len(portion)),
            )
            for portion in task.portions(task.inputs(prompt), _BATCH)
        ]


class VertexEmbeddings(_Embeddings):
    """At Vertex AI, where the model decides which call it knows."""

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        task.refuse_unsayable(self, prompt)
        texts, wishes = task.inputs(prompt), _wishes(prompt)
        name = model.rpartition("/")[2]
        if "gemini" in name and not name.startswith("gemini-embedding-001"):
            return [_embed_content(text, wishes) for text in texts]
        size = 1 if "gemini" in name else _PREDICT_BATCH
        return [_predict(portion, wishes) for portion in task.portions(texts, size, _PREDICT_TOKENS)]


def _wishes(prompt: Prompt) -> Json:
    """What the client asked for, in Google's words."""
    wishes: Json = {}
    if kind := prompt.extra.get("input_type"):
        wishes["taskType"] = _KINDS[kind]
    if (size := prompt.extra.get("dimensions")) is not None:
        wishes["outputDimensionality"] = size
    return wishes


def _content(text: str) -> Json:
    return {"content": {"role": "user", "parts": [{"text": text}]}}


def _embed_content(text: str, wishes: Json) -> Step:
    body = {**_content(text), "embedContentConfig": wishes} if wishes else _content(text)
    return Step("embedContent", task.encode(body), _read_one)


def _predict(texts: list[str], wishes: Json) -> Step:
    instance = {"task_type": wishes["taskType"]} if "taskType" in wishes else {}
    size = {name: value for name, value in wishes.items() if name == "outputDimensionality"}
    body: Json = {"instances": [{"content": text, **instance} for text in texts], "parameters": size}
    return Step("predict", task.encode(body), partial(_read_predictions, wanted=len(texts)))


class _Vector(msgspec.Struct):
    values: tuple[float, ...]
    statistics: Json | None = None


class _Batch(msgspec.Struct, rename="camel"):
    embeddings: list[_Vector]
    usage_metadata: Json | None = None


class _One(msgspec.Struct, rename="camel"):
    embedding: _Vector
    usage_metadata: Json | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Vector


class _Predictions(msgspec.Struct):
    predictions: list[_Prediction]


class _Count(msgspec.Struct, rename="camel"):
    total_tokens: int


def _read_batch(body: bytes, wanted: int) -> Frame:
    answer = msgspec.json.decode(body, type=_Batch)
    return _frame(answer.embeddings, wanted, count(answer.usage_metadata, "promptTokenCount"))


def _read_one(body: bytes) -> Frame:
    answer = msgspec.json.decode(body, type=_One)
    return _frame([answer.embedding], 1, count(answer.usage_metadata, "promptTokenCount"))


def _read_predictions(body: bytes, wanted: int) -> Frame:
    found = [each.embeddings for each in msgspec.json.decode(body, type=_Predictions).predictions]
    return _frame(found, wanted, sum(count(vector.statistics, "token_count") for vector in found))


def _frame(found: list[_Vector], wanted: int, tokens: int) -> Frame:
    vectors = task.vectors([(place, vector.values) for place, vector in enumerate(found)], wanted)
    return Frame((*vectors, *task.used({"prompt_tokens": tokens})), None, "embeddings")


@dataclass(frozen=True, slots=True)
class GoogleCount:
    """Counts a prompt. ids: whether the server knows ids of function calls; the Gemini API does.

    It also wants the system prompt and the tools wrapped once more, which Vertex AI takes beside the contents.
    """

    ids: bool

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return gemini.lacks(prompt)

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        prompt = replace(prompt, dialect="messages", stream=False)
        asked = msgspec.json.decode(gemini.encode(prompt, model, ids=self.ids), type=Json)
        asked.pop("generationConfig", None)
        if self.ids:
            name = model if "/" in model else f"models/{model}"
            asked = {"generateContentRequest": {"model": name, **asked}}
        else:
            asked.pop("toolConfig", None)
        return [Step("countTokens", task.encode(asked), _read_count)]


def _read_count(body: bytes) -> Frame:
    tokens = msgspec.json.decode(body, type=_Count).total_tokens
    return Frame((Used(Usage(tokens)),), None, "count_tokens")
