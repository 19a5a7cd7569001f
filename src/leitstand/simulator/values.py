"""What was asked and what is answered, independent of any wire format."""

from typing import Any, Literal

import msgspec

from leitstand.simulator import tokens

Json = dict[str, Any]
Stop = Literal["end", "length", "tool", "stop_sequence", "filter"]


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool that the client offers. schema: JSON schema of its arguments."""

    name: str
    schema: Json


class PromptCount(msgspec.Struct):
    """Adds up the input of a request, segment by segment, in the order in which the provider reads it.

    cache_mark: tokens up to the last point that the client marked as cacheable; 0 without a mark.
    """

    tokens: int = 0
    segments: list[str] = []
    cache_mark: int = 0

    def add(self, text: str, least: int = 0) -> None:
        """Count a text; least: what it counts at least (1 for a message)."""
        self.tokens += max(least, tokens.count(text))
        self.segments.append(text)

    def add_media(self, reference: str) -> None:
        """Count an image, a sound or a file. reference: what tells it from others (base64 or address)."""
        self.tokens += tokens.MEDIA_TOKENS
        self.segments.append(reference)


class Asked(msgspec.Struct, frozen=True):
    """A request for generated text.

    users: texts of the user's messages, in order. results: texts of the tool results, where the last turn
    consists of them. forced: name of the tool that must be called, `*` for any, `` for free choice.
    max_tokens: cap on the output of each choice. show_thinking: the reasoning is wanted in the answer, where
    the format leaves that to the client. cacheable: leading input tokens that the provider may cache.
    segments: the whole input as text, in reading order. beginning: of the answer, given by the client.
    """

    model: str
    users: tuple[str, ...]
    system: str = ""
    results: tuple[str, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    forced: str = ""
    parallel: bool = True
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    schema: Json | None = None
    json_object: bool = False
    choices: int = 1
    stream: bool = False
    include_usage: bool = False
    thinking: bool = False
    show_thinking: bool = False
    input_tokens: int = 0
    cacheable: int = 0
    segments: tuple[str, ...] = ()
    beginning: str = ""

    @property
    def last(self) -> str:
        """The last text of the user."""
        return self.users[-1] if self.users else ""


class ToolUse(msgspec.Struct, frozen=True):
    """A call of a tool. pieces: the tokens of its arguments, JSON when joined."""

    name: str
    pieces: tuple[str, ...]

    @property
    def name_tokens(self) -> int:
        """What the name alone counts."""
        return tokens.count(self.name)

    @property
    def arguments(self) -> str:
        """The arguments as JSON text (cut off where max_tokens ended it)."""
        return "".join(self.pieces)


class Choice(msgspec.Struct, frozen=True):
    """One alternative of an answer. pieces: the tokens of its text."""

    pieces: tuple[str, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    stop: Stop = "end"
    stop_sequence: str | None = None

    @property
    def text(self) -> str:
        """The text as a whole."""
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """Output tokens of this choice."""
        return len(self.pieces) + sum(tool.name_tokens + len(tool.pieces) for tool in self.tools)


class Answer(msgspec.Struct, frozen=True):
    """What the provider says. thinking: tokens of the reasoning before it, billed as output."""

    choices: tuple[Choice, ...]
    thinking: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """Output tokens of the whole answer."""
        return len(self.thinking) + sum(choice.tokens for choice in self.choices)


class Usage(msgspec.Struct, frozen=True):
    """Tokens of a call. input includes cached and cache_written, output includes reasoning."""

    input: int
    output: int
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0


class Limits(msgspec.Struct, frozen=True):
    """A provider's rate limits per minute as its headers tell them; resets in seconds."""

    requests: int
    requests_left: int
    requests_reset_s: float
    tokens: int
    tokens_left: int
    tokens_reset_s: float
