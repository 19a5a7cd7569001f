"""Google, Gemini API.

Residency: the Gemini API names no place of processing; Gemini in the EU is served by Vertex AI
(`adapters/vertex.py`), which speaks the same format.
"""

from collections.abc import AsyncGenerator
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import converse
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.wire import gemini, google_faults

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
    serves = CONVERSATIONS
    sample = SAMPLE

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        return gemini.lacks(prompt)

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        model = target.model if "/" in target.model else f"models/{target.model}"
        request = HTTPRequest(
            "POST",
            f"{target.base_url or self.base_url}/{model}:{method(prompt)}",
            (("content-type", "application/json"), ("x-goog-api-key", target.secret), *target.headers),
            gemini.encode(prompt, target.model, ids=True),
            target.ca_file,
        )
        return converse(
            call, request, answers(prompt),
            stream=prompt.stream, choices=prompt.choices, refusal=google_faults.classify,
        )  # fmt: skip


ADAPTER = Gemini()
