"""Which of OpenAI's two APIs for conversations a prompt goes to.

A client of the Responses API is served by it, all others by Chat Completions; the provider's option `api`
sends everything to the one that it names.
"""

from dataclasses import dataclass
from typing import Protocol

from leitstand.core.conversation import Prompt
from leitstand.providers.base import Target
from leitstand.providers.exchange import Format
from leitstand.providers.wire import chat, responses


class Wire(Format, Protocol):
    """The modules `wire/chat.py` and `wire/responses.py`."""

    def lacks(self, prompt: Prompt) -> str | None:
        """The first feature that the format cannot say, or None."""

    def encode(self, prompt: Prompt, model: str) -> bytes:
        """The request body."""


@dataclass(frozen=True, slots=True)
class API:
    """path: below the version part of the address."""

    path: str
    wire: Wire


_CHAT = API("chat/completions", chat)
_RESPONSES = API("responses", responses)


def api_for(prompt: Prompt, target: Target, *, has_responses: bool = True) -> API:
    """The API for a prompt at a target. has_responses: False for addresses without the Responses API."""
    wish = target.option("api") or ("responses" if prompt.dialect == "responses" else "chat")
    return _RESPONSES if wish == "responses" and has_responses else _CHAT
