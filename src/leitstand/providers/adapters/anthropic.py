"""Anthropic, Messages.

Residency: the first-party API has no EU region; Claude in the EU is served by Bedrock and Vertex AI.
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
from leitstand.providers.wire import messages
from leitstand.providers.wire.anthropic_count import AnthropicCount
from leitstand.providers.wire.continuing import claude_continues
from leitstand.providers.wire.task import Tasks

_TASKS: Final[Tasks] = MappingProxyType({"count_tokens": AnthropicCount()})
_VERSION = "2023-06-01"


class Anthropic:
    """Speaks with api.anthropic.com."""

    kind: Final = "anthropic"
    title = "Anthropic"
    docs = "https://docs.anthropic.com/en/api/messages"
    dialect: Dialect = "messages"
    base_url = "https://api.anthropic.com/v1"
    regions = (Region.US,)
    serves = CONVERSATIONS | _TASKS.keys()
    sample = Sample(
        plain=(
            b'{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-sonnet-4-5",'
            b'"content":[{"type":"text","text":"Guten Tag, Berta."}],"stop_reason":"end_turn","stop_sequence":null,'
            b'"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":10,'
            b'"output_tokens":6,"service_tier":"standard"}}'
        ),
        stream=b"".join(
            b"event: " + name + b'\ndata: {"type":"' + name + b'"' + rest + b"}\n\n"
            for name, rest in (
                (
                    b"message_start",
                    b',"message":{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant",'
                    b'"model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,'
                    b'"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":10,'
                    b'"output_tokens":1,"service_tier":"standard"}}',
                ),
                (b"content_block_start", b',"index":0,"content_block":{"type":"text","text":""}'),
                (b"ping", b""),
                (b"content_block_delta", b',"index":0,"delta":{"type":"text_delta","text":"Guten Tag,"}'),
                (b"content_block_delta", b',"index":0,"delta":{"type":"text_delta","text":" Berta."}'),
                (b"content_block_stop", b',"index":0'),
                (
                    b"message_delta",
                    b',"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":6}',
                ),
                (b"message_stop", b""),
            )
        ),
        text="Guten Tag, Berta.",
        input_tokens=19,
        output_tokens=6,
    )

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter."""
        task = _TASKS.get(prompt.dialect)
        return task.lacks(prompt) if task else messages.lacks(prompt)

    def probe(self, target: Target) -> HTTPRequest | None:
        """See Probing."""
        url = f"{_with_version(target.base_url or self.base_url)}/models?limit=1"
        return looking_at(url, target, ("x-api-key", target.secret), ("anthropic-version", _VERSION))

    def continues(self, prompt: Prompt, model: str) -> bool:
        """See Continuing."""
        return claude_continues(prompt, model)

    def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter."""
        prompt = masked.prompt
        if task := _TASKS.get(prompt.dialect):
            steps = task.steps(prompt, target.model)
            return perform(call, steps, lambda step: self._request(target, step.path, step.body))
        request = self._request(target, "messages", messages.encode(prompt, target.model))
        return converse(call, request, messages, stream=prompt.stream)

    def _request(self, target: Target, path: str, body: bytes) -> HTTPRequest:
        headers = (
            ("content-type", "application/json"),
            ("x-api-key", target.secret),
            ("anthropic-version", _VERSION),
            *target.headers,
        )
        url = f"{_with_version(target.base_url or self.base_url)}/{path}"
        return HTTPRequest("POST", url, headers, body, target.ca_file)


def _with_version(base_url: str) -> str:
    """The address with its version part; Anthropic's own SDKs are given it without."""
    return base_url if base_url.endswith("/v1") else f"{base_url}/v1"


ADAPTER = Anthropic()
