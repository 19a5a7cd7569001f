"""Seals of thoughts on their way through a client that may come back to another provider.

A provider seals its model's thoughts and refuses those that another one sealed. Seals without a mark are
Anthropic's, whose format carries them as they are; all others are handed out with their maker's name before
them. Source: Gemini API guide "Thought signatures"; Anthropic API guide "Extended thinking".
"""

from msgspec.structs import replace

from leitstand.core.conversation import Message, Thinking

_MARK = ":"  # occurs in no seal: they are base64


def marked(maker: str, seal: str) -> str:
    """A seal as clients get it."""
    return f"{maker}{_MARK}{seal}"


def unmarked(maker: str, seal: str) -> str:
    """The seal that a client brings back, as its maker wrote it; empty for a seal of another one."""
    front, _, own = seal.partition(_MARK)
    return own if front == maker else ""


def without_marked(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The conversation without thoughts that another provider than Anthropic sealed."""
    if not any(map(_has_marked, messages)):
        return messages
    return tuple(
        replace(message, parts=tuple(part for part in message.parts if not _is_marked(part)))
        for message in messages
    )


def _has_marked(message: Message) -> bool:
    return message.role == "assistant" and any(map(_is_marked, message.parts))


def _is_marked(part: object) -> bool:
    return isinstance(part, Thinking) and _MARK in part.signature
