"""Google, Gemini API.

Residency: the Gemini API names no place of processing; Gemini in the EU is served by Vertex AI
(`adapters/vertex.py`), which speaks the same format.
"""

from collections.abc import AsyncGenerator
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import converse, perform
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.probing import looking_at
from leitstand.providers.wire import gemini, google_faults
from leitstand.providers.wire.google_tasks import GeminiEmbeddings, GoogleCount
from leitstand.providers.wire.task import Tasks

_TASKS: Final[Tasks] = MappingProxyType(
    {"embeddings": GeminiEmbeddings(), "count_tokens": GoogleCount(ids=True)}
)

SAMPLE: Final = Sample(
    plain=(
        b'{"candidates":[{"content":{"parts":[{"text":"Guten Tag, Berta.","thoughtSignature":"c2llZ2Vs"}],"role":"model"},'
        b'"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":19,"candidatesTokenCount":6,'
        b'"totalTokenCount":33,"cachedContentTokenCount":10,"thoughtsTokenCount":8},'
        b'"modelVersion":"gemini-3.8-flash","responseId":"mAitaLmkHPPlz7IPvtfUqQ4"}'
    ),
    stream=b"".join(
        b'data: {"candidates": [{"content": {"parts": [' + part + b'],"role": "model"}' + end + b',"index": 0}],'
        b'"usageMetadata": {"promptTokenCount": 19,"cachedContentTokenCount": 10,"thoughtsTokenCount": 8' + count
        + b'},"modelVersion": "gemini-3.8-flash","responseId": "mAitaLmkHPPlz7IPvtfUqQ4"}\r\n\r\n'
        for part, end, count in (
            (b'{"text": "Guten Tag, "}', b"", b',"candidatesTokenCount": 3'),
            (b'{"text": "Berta."}', b"", b',"candidatesTokenCount": 6'),
            (b'{"text": "","thoughtSignature": "c2llZ2Vs"}', b',"finishReason": "STOP"', b',"candidatesTokenCount": 6'),
        )
    ),
    text="Guten Tag, Berta.",
    input_tokens=19,
    output_tokens=14,
)  # fmt: skip


def method(prompt: Prompt) -> str:
    """The verb at the end of a model's path."""
    return "streamGenerateContent?alt=sse" if prompt.stream else "generateContent"


def answers(prompt: Prompt) -> gemini.Answers:
    """How the answer to this prompt is read."""
    choice = prompt.tool_choice
    return gemini.Answers(single_call=choice is not None and choice.parallel is False)


class Gemini:
    """Speaks with generativelanguage.googleapis.com. Models: `gemini-3.8-flash`, `tunedModels/…`."""

    kind: Final = "gemini"
    title = "Google Gemini API"
    docs = "https://ai.google.dev/api/generate-content"
    dialect: Dialect = "chat"
    base_url = "https://generativelanguage.googleapis.com/v1beta"
    regions = (Region.OTHER,)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = SAMPLE

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else gemini.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        url = f"{target.base_url or self.base_url}/models?pageSize=1"
        return looking_at(url, target, ("x-goog-api-key", target.secret))

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        if task := _TASKS.get(prompt.dialect):
            steps = task.steps(prompt, target.model)
            return perform(
                call, steps, lambda step: self._request(target, step.path, step.body),
                refusal=google_faults.classify,
            )  # fmt: skip
        request = self._request(target, method(prompt), gemini.encode(prompt, target.model, ids=True))
        return converse(
            call, request, answers(prompt),
            stream=prompt.stream, choices=prompt.choices, refusal=google_faults.classify,
        )  # fmt: skip

    def _request(self, target: Target, verb: str, body: bytes) -> HTTPRequest:
        model = target.model if "/" in target.model else f"models/{target.model}"
        url = f"{target.base_url or self.base_url}/{model}:{verb}"
        headers = (("content-type", "application/json"), ("x-goog-api-key", target.secret), *target.headers)
        return HTTPRequest("POST", url, headers, body, target.ca_file)


ADAPTER = Gemini()
