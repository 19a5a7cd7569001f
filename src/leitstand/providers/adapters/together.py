"""Together.ai, chat completions.

Residency: the serverless API runs in the United States.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPAnswer, HTTPCall, Sample, Target
from leitstand.providers.exchange import bearer, converse, perform
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.probing import bearing, looking_at
from leitstand.providers.wire import together
from leitstand.providers.wire.embeddings import Embeddings
from leitstand.providers.wire.images import TogetherImages
from leitstand.providers.wire.rerank import Rerank
from leitstand.providers.wire.single_call import as_wished
from leitstand.providers.wire.task import Tasks
from leitstand.providers.wire.transcriptions import Transcriptions

_TASKS: Final[Tasks] = MappingProxyType(
    {
        "embeddings": Embeddings(128, dimensions="", packed=False, user=False),
        "rerank": Rerank(),
        "images": TogetherImages(),
        "transcriptions": Transcriptions(("diarize", "min_speakers", "max_speakers")),
    }
)


class Together:
    """Speaks with api.together.ai."""

    kind: Final = "together"
    title = "Together.ai"
    docs = "https://docs.together.ai/reference/chat-completions"
    dialect: Dialect = "chat"
    base_url = "https://api.together.ai/v1"
    regions: tuple[Region, ...] = (Region.US,)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"id":"oCZ6dLm-4yUbBN-9a1f","object":"chat.completion","created":1748000000,'
            b'"model":"meta-llama/Llama-3.3-70B-Instruct-Turbo","prompt":[],"choices":[{"index":0,'
            b'"finish_reason":"eos","seed":123,"logprobs":null,"message":{"role":"assistant",'
            b'"content":"Guten Tag, Berta.","tool_calls":[]}}],'
            b'"usage":{"prompt_tokens":19,"completion_tokens":6,"total_tokens":25,"cached_tokens":0}}'
        ),
        stream=b"".join(
            b'data: {"id":"oCZ6dLm-4yUbBN-9a1f","object":"chat.completion.chunk","created":1748000000,'
            b'"model":"meta-llama/Llama-3.3-70B-Instruct-Turbo",' + rest + b"}\n\n"
            for rest in (
                b'"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null,'
                b'"delta":{"token_id":null,"role":"assistant","content":""}}],"usage":null',
                b'"choices":[{"index":0,"text":"Guten Tag,","logprobs":null,"finish_reason":null,'
                b'"delta":{"token_id":37500,"role":"assistant","content":"Guten Tag,"}}],"usage":null',
                b'"choices":[{"index":0,"text":" Berta.","logprobs":null,"finish_reason":null,'
                b'"delta":{"token_id":9084,"role":"assistant","content":" Berta."}}],"usage":null',
                b'"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"eos",'
                b'"delta":{"token_id":128009,"role":"assistant","content":""}}],'
                b'"usage":{"prompt_tokens":19,"completion_tokens":6,"total_tokens":25}',
            )
        )
        + b"data: [DONE]\n\n",
        text="Guten Tag, Berta.",
        input_tokens=19,
        output_tokens=6,
    )

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else together.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        return looking_at(f"{target.base_url or self.base_url}/models", target, *bearing(target))

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        if task := _TASKS.get(prompt.dialect):
            return perform(
                _hinting(call),
                task.steps(prompt, target.model),
                bearer(target, target.base_url or self.base_url),
            )
        request = HTTPRequest(
            "POST",
            f"{target.base_url or self.base_url}/chat/completions",
            (
                ("content-type", "application/json"),
                ("authorization", f"Bearer {target.secret}"),
                *target.headers,
            ),
            together.encode(prompt, target.model),
            target.ca_file,
        )
        answer = converse(_hinting(call), request, together, stream=prompt.stream, choices=prompt.choices)
        return as_wished(prompt, answer)


class _Hinted:
    """A refusal whose headers name the wait as others do."""

    __slots__ = ("_answer", "status")

    def __init__(self, answer: HTTPAnswer) -> None:
        self._answer = answer
        self.status = answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return together.with_retry_hint(self._answer.headers)

    async def read(self) -> bytes:
        return await self._answer.read()

    async def body(self, limit_bytes: int) -> bytes:
        return await self._answer.body(limit_bytes)


def _hinting(call: HTTPCall) -> HTTPCall:
    @asynccontextmanager
    async def hinted(request: HTTPRequest) -> AsyncIterator[HTTPAnswer]:
        async with call(request) as answer:
            yield answer if answer.status == 200 else _Hinted(answer)

    return hinted


ADAPTER = Together()
