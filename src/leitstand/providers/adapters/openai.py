"""OpenAI, Chat Completions and Responses.

Residency: the EU host works for projects that were created with EU data residency, and only for them.
"""

from collections.abc import AsyncGenerator
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import bearer, converse, perform
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.openai_api import api_for
from leitstand.providers.probing import bearing, looking_at
from leitstand.providers.wire import chat
from leitstand.providers.wire.embeddings import Embeddings
from leitstand.providers.wire.images import Images
from leitstand.providers.wire.task import Tasks
from leitstand.providers.wire.transcriptions import Transcriptions

_TASKS: Final[Tasks] = MappingProxyType(
    {
        "embeddings": Embeddings(2048, 300_000),
        "images": Images(),
        "transcriptions": Transcriptions(),
    }
)


class OpenAI:
    """Speaks with api.openai.com and its regional hosts."""

    kind: Final = "openai"
    title = "OpenAI"
    docs = "https://platform.openai.com/docs/api-reference/chat"
    dialect: Dialect = "chat"
    base_url = "https://api.openai.com/v1"
    regions = (Region.US, Region.EU)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"id":"chatcmpl-B9MHDb","object":"chat.completion","created":1741570283,"model":"gpt-4o-mini-2024-07-18",'
            b'"choices":[{"index":0,"message":{"role":"assistant","content":"Guten Tag, Berta.","refusal":null,'
            b'"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,'
            b'"completion_tokens":6,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},'
            b'"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"service_tier":"default",'
            b'"system_fingerprint":"fp_44709d6fcb"}'
        ),
        stream=b"".join(
            b'data: {"id":"chatcmpl-B9MHDb","object":"chat.completion.chunk","created":1741570283,'
            b'"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_44709d6fcb",'
            + rest
            + b"}\n\n"
            for rest in (
                b'"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},'
                b'"logprobs":null,"finish_reason":null}],"usage":null',
                b'"choices":[{"index":0,"delta":{"content":"Guten Tag,"},"logprobs":null,"finish_reason":null}],'
                b'"usage":null',
                b'"choices":[{"index":0,"delta":{"content":" Berta."},"logprobs":null,"finish_reason":null}],'
                b'"usage":null',
                b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null',
                b'"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":6,"total_tokens":25,'
                b'"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},'
                b'"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}',
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
        if task:
            return task.lacks(prompt)
        return None if prompt.dialect == "responses" else chat.lacks(prompt)

    def lacks_at(self, prompt: Prompt, target: Target) -> str | None:
        """See KnowsTargets: the two APIs can say different things."""
        return self.lacks(prompt) if prompt.dialect in _TASKS else api_for(prompt, target).wire.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        return looking_at(f"{target.base_url or self.base_url}/models", target, *bearing(target))

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        if task := _TASKS.get(prompt.dialect):
            return perform(
                call, task.steps(prompt, target.model), bearer(target, target.base_url or self.base_url)
            )
        api = api_for(prompt, target)
        request = HTTPRequest(
            "POST",
            f"{target.base_url or self.base_url}/{api.path}",
            (
                ("content-type", "application/json"),
                ("authorization", f"Bearer {target.secret}"),
                *target.headers,
            ),
            api.wire.encode(prompt, target.model),
            target.ca_file,
        )
        return converse(call, request, api.wire, stream=prompt.stream, choices=prompt.choices)


ADAPTER = OpenAI()
