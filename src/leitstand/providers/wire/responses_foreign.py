"""What a prompt of the Responses API becomes for providers that do not speak it.

Its words are those of Chat Completions in another order, so every other format reads it as such a prompt:
neighbouring items of the assistant are one turn, instructions a system prompt, and what steers only the
Responses API itself (state, caching, bookkeeping) is left out.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from leitstand.core.conversation import (
    Json,
    Media,
    Message,
    Opaque,
    Part,
    Prompt,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

_SAME = ("user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier")
# What changes cost, speed or bookkeeping only: left out, not refused.
_HINTS = frozenset(
    {*_SAME, "max_tool_calls", "metadata", "prompt_cache_options", "store", "stream_options", "top_logprobs",
     "truncation"}
)  # fmt: skip
_KNOWN_INSIDE = {
    "include": frozenset({"reasoning.encrypted_content"}),
    "reasoning": frozenset({"summary", "generate_summary"}),
    "text": frozenset({"verbosity"}),
}


def lacks(prompt: Prompt) -> str | None:
    """The first feature of a prompt of this dialect that only the Responses API can say, or None."""
    if prompt.dialect != "responses":
        return None
    for name, value in prompt.extra.items():
        if name in _KNOWN_INSIDE:
            unknown = [inner for inner in value or () if inner not in _KNOWN_INSIDE[name]]
            if unknown:
                return f"{name}: {unknown[0]}"
        elif name not in _HINTS and value not in (None, False, [], {}):
            return name
    for tool in prompt.tools:
        if isinstance(tool, Opaque):
            return f"tool type {tool.native.get('type', '')}".strip()
    return next((missing for message in prompt.messages for missing in _message_lacks(message)), None)


def _message_lacks(message: Message) -> Iterator[str]:
    for part in message.parts:
        for inner in part.parts if isinstance(part, ToolResult) else (part,):
            if isinstance(inner, Opaque) and inner.native.get("type") != "refusal":
                yield str(inner.native.get("type", "unknown part"))


def as_chat(prompt: Prompt) -> Prompt:
    """The prompt in the words of Chat Completions; a prompt of another dialect stays as it is.

    Ask `lacks` before: what it names is lost here.
    """
    if prompt.dialect != "responses":
        return prompt
    extra: Json = {name: prompt.extra[name] for name in _SAME if prompt.extra.get(name) is not None}
    verbosity = (prompt.extra.get("text") or {}).get("verbosity")
    if verbosity:
        extra["verbosity"] = verbosity
    if prompt.max_tokens is not None:
        extra["max_completion_tokens"] = prompt.max_tokens
    return replace(
        prompt,
        dialect="chat",
        messages=tuple(_turns(prompt.messages)),
        tools=tuple(replace(tool, extra=None) for tool in prompt.tools if isinstance(tool, Tool)),
        extra=extra,
    )


def _turns(items: tuple[Message, ...]) -> Iterator[Message]:
    said: list[Part] = []
    for item in items:
        parts = [_plain(part) for part in item.parts]
        if item.role == "assistant":
            said += parts
            continue
        if said:
            yield Message("assistant", tuple(said))
            said = []
        yield Message(item.role, tuple(parts))
    if said:
        yield Message("assistant", tuple(said))


def _plain(part: Part) -> Part:
    match part:
        case Text():
            return Text(part.text)
        case Opaque():
            return Opaque("chat", part.native)
        case ToolResult():
            inner = tuple(replace(each, extra=None) for each in part.parts if not isinstance(each, Opaque))
            return replace(part, parts=inner, extra=None)
        case Media() | ToolCall():
            return replace(part, extra=None)
    return part
