"""Anthropic's count of tokens.

Source: Anthropic API reference, "Count tokens in a Message": the fields of a message, without those that only
its answer knows.
"""

import msgspec
from msgspec.structs import replace

from leitstand.core.conversation import Frame, Json, Prompt, Usage, Used
from leitstand.providers.wire import messages, task
from leitstand.providers.wire.task import Step

_COUNTED = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "output_config",
     "cache_control", "context_management"}
)  # fmt: skip


class AnthropicCount:
    """Counts a prompt; it comes in the words of this very format."""

    def lacks(self, prompt: Prompt) -> str | None:
        """See Task."""
        return messages.lacks(_as_message(prompt))

    def steps(self, prompt: Prompt, model: str) -> list[Step]:
        """See Task."""
        asked = msgspec.json.decode(messages.encode(_as_message(prompt), model), type=Json)
        body = {name: value for name, value in asked.items() if name in _COUNTED}
        return [Step("messages/count_tokens", task.encode(body), _read)]


def _as_message(prompt: Prompt) -> Prompt:
    return replace(prompt, dialect="messages", stream=False)


class _Count(msgspec.Struct):
    input_tokens: int


def _read(body: bytes) -> Frame:
    tokens = msgspec.json.decode(body, type=_Count).input_tokens
    return Frame((Used(Usage(tokens)),), body, "count_tokens")
