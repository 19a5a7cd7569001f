"""Mistral, chat completions.

Residency: only the regional hosts promise where a request is processed (for 10 % more, see
`accounting/uplifts.py`). So a target of region `eu` or `us` without an address of its own goes to that
region's host; api.mistral.ai is global. Source: Mistral, "Regional inference".
"""

from collections.abc import AsyncGenerator, Mapping
from types import MappingProxyType
from typing import Final

from leitstand.core.classes import Region
from leitstand.core.conversation import CONVERSATIONS, Dialect, Frame, Masked, Prompt
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.exchange import bearer, converse, perform
from leitstand.providers.http.request import HTTPRequest
from leitstand.providers.probing import bearing, looking_at
from leitstand.providers.wire import mistral
from leitstand.providers.wire.continuing import thinks
from leitstand.providers.wire.embeddings import Embeddings
from leitstand.providers.wire.task import Tasks
from leitstand.providers.wire.transcriptions import Transcriptions

_REGIONAL: Mapping[Region, str] = MappingProxyType(
    {Region.EU: "https://api.eu.mistral.ai/v1", Region.US: "https://api.us.mistral.ai/v1"}
)

_TASKS: Final[Tasks] = MappingProxyType(
    {
        "embeddings": Embeddings(512, 16_000, "output_dimension", packed=False, user=False),
        "transcriptions": Transcriptions(("diarize", "context_bias"), formats=False, hints=False),
    }
)


class Mistral:
    """Speaks with api.mistral.ai and its regional hosts."""

    kind: Final = "mistral"
    title = "Mistral"
    docs = "https://docs.mistral.ai/api/#tag/chat"
    dialect: Dialect = "chat"
    base_url = "https://api.mistral.ai/v1"
    regions: tuple[Region, ...] = (Region.EU, Region.US, Region.OTHER)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"id":"cmpl-e5cc70bb28c444948073e77776eb30ef","object":"chat.completion","created":1702256327,'
            b'"model":"mistral-small-latest","choices":[{"index":0,"message":{"role":"assistant","content":'
            b'[{"type":"thinking","thinking":[{"type":"text","text":"Kurz."}]},'
            b'{"type":"text","text":"Guten Tag, Berta."}],"tool_calls":null,"prefix":false},'
            b'"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"total_tokens":25,"completion_tokens":6,'
            b'"prompt_tokens_details":{"cached_tokens":0}}}'
        ),
        stream=b"".join(
            b'data: {"id":"cmpl-e5cc70bb","object":"chat.completion.chunk","created":1702256327,'
            b'"model":"mistral-small-latest",' + rest + b"}\n\n"
            for rest in (
                b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]',
                b'"choices":[{"index":0,"delta":{"content":"Guten Tag,"},"finish_reason":null}]',
                b'"choices":[{"index":0,"delta":{"content":" Berta."},"finish_reason":null}]',
                b'"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],'
                b'"usage":{"prompt_tokens":19,"total_tokens":25,"completion_tokens":6}',
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
        return task.lacks(prompt) if task else mistral.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        base = target.base_url or _REGIONAL.get(target.region, self.base_url)
        return looking_at(f"{base}/models", target, *bearing(target))

    def continues(self, prompt: Prompt, model: str) -> bool:
        """See Continuing."""
        return not model.startswith("magistral") and not thinks(prompt)

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        base_url = target.base_url or _REGIONAL.get(target.region, self.base_url)
        if task := _TASKS.get(prompt.dialect):
            return perform(call, task.steps(prompt, target.model), bearer(target, base_url))
        request = HTTPRequest(
            "POST",
            f"{base_url}/chat/completions",
            (
                ("content-type", "application/json"),
                ("authorization", f"Bearer {target.secret}"),
                *target.headers,
            ),
            mistral.encode(prompt, target.model),
            target.ca_file,
        )
        # Mistral repeats a prefix in its answer. Clients that gave one in its own words expect that.
        prefix = "" if _asks_for_prefix(prompt) else mistral.prefix_of(prompt)
        return converse(call, request, mistral.Answers(prefix), stream=prompt.stream, choices=prompt.choices)


def _asks_for_prefix(prompt: Prompt) -> bool:
    return bool(prompt.messages and (prompt.messages[-1].extra or {}).get("prefix"))


ADAPTER = Mistral()
