"""Cohere, Chat version 2.

Residency: the public API runs in the United States; a private deployment runs where its owner put it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import bearer, converse, perform
from leitstand.providers.faults import FaultKind, UpstreamFault
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.probing import bearing, looking_at
from leitstand.providers.wire import cohere
from leitstand.providers.wire.cohere_embed import CohereEmbeddings
from leitstand.providers.wire.rerank import Rerank
from leitstand.providers.wire.single_call import as_wished
from leitstand.providers.wire.task import Tasks

_TASKS: Final[Tasks] = MappingProxyType(
    {"embeddings": CohereEmbeddings(), "rerank": Rerank(passed=("max_tokens_per_doc",))}
)
_UNSAFE = 498  # Cohere, "Errors": Unsafe Request


class Cohere:
    """Speaks with api.cohere.com and with private deployments of it."""

    kind: Final = "cohere"
    title = "Cohere"
    docs = "https://docs.cohere.com/reference/chat"
    dialect: Dialect = "chat"
    base_url = "https://api.cohere.com/v2"
    regions: tuple[Region, ...] = (Region.US, Region.EU, Region.OTHER, Region.LOCAL)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"id":"c14c80c3-18eb-4519-9460-6c92edd8cfb4","finish_reason":"COMPLETE","message":'
            b'{"role":"assistant","content":[{"type":"text","text":"Guten Tag, Berta."}]},"usage":'
            b'{"billed_units":{"input_tokens":19,"output_tokens":6},"tokens":{"input_tokens":514,'
            b'"output_tokens":8},"cached_tokens":0}}'
        ),
        stream=b"".join(
            b'event: %b\ndata: {"type":"%b"%b}\n\n' % (name, name, rest)
            for name, rest in (
                (
                    b"message-start",
                    b',"id":"29f14a5a","delta":{"message":{"role":"assistant","content":[],"tool_plan":"",'
                    b'"tool_calls":[],"citations":[]}}',
                ),
                (
                    b"content-start",
                    b',"index":0,"delta":{"message":{"content":{"type":"text","text":""}}}',
                ),
                (
                    b"content-delta",
                    b',"index":0,"delta":{"message":{"content":{"text":"Guten Tag,"}}}',
                ),
                (b"content-delta", b',"index":0,"delta":{"message":{"content":{"text":" Berta."}}}'),
                (b"content-end", b',"index":0'),
                (
                    b"message-end",
                    b',"delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":19,'
                    b'"output_tokens":6},"tokens":{"input_tokens":514,"output_tokens":8}}}',
                ),
            )
        ),
        text="Guten Tag, Berta.",
        input_tokens=19,
        output_tokens=6,
    )

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else cohere.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        base = (target.base_url or self.base_url).removesuffix("/v2")
        return looking_at(f"{base}/v1/models?page_size=1", target, *bearing(target))

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        base_url = target.base_url or self.base_url
        if task := _TASKS.get(prompt.dialect):
            return _told_unsafe(perform(call, task.steps(prompt, target.model), bearer(target, base_url)))
        request = HTTPRequest(
            "POST",
            f"{base_url}/chat",
            (
                ("content-type", "application/json"),
                ("authorization", f"Bearer {target.secret}"),
                *target.headers,
            ),
            cohere.encode(prompt, target.model),
            target.ca_file,
        )
        answer = converse(call, request, cohere.Answers(target.model), stream=prompt.stream)
        return _told_unsafe(as_wished(prompt, answer))


async def _told_unsafe(answer: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame, None]:
    """The same frames; status 498 says here that the prompt was blocked, which other targets must not undo."""
    try:
        async with aclosing(answer) as frames:
            async for frame in frames:
                yield frame
    except UpstreamFault as fault:
        if fault.status == _UNSAFE:
            fault.kind = FaultKind.CONTENT_FILTER
        raise


ADAPTER = Cohere()
