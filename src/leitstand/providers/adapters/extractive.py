"""The built-in answerer: quotes the company's documents and writes nothing itself.

It needs no model, no network and no money. It takes the last question of the user, asks the library for the
sentences that answer it, and says so when there is none. The model name of a target chooses the collection:
`zitate` asks all of them, `zitate:personal` only the collection `personal`.

Tokens are counted as words: of the question's texts for the input, of the answer for the output.
"""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence

from leitstand.core.classes import Region
from leitstand.core.conversation import (
    CONVERSATIONS,
    Chunk,
    Cited,
    Dialect,
    Frame,
    Masked,
    Media,
    Opaque,
    Prompt,
    Started,
    Stopped,
    StopReason,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
    Used,
    texts,
)
from leitstand.providers.base import HTTPCall, Sample, Target
from leitstand.providers.faults import FaultKind, Unsupported, UpstreamFault
from leitstand.providers.passages import NoPassages, Passages, Quotable

_MOST_QUOTES = 3
_PIECE_WORDS = 4  # of a streamed piece
_SEARCH_S = 15.0


class Extractive:
    """Answers from documents inside the house."""

    kind = "extractive"
    title = "Zitate aus eigenen Dokumenten"
    docs = "docs/local-models.md"
    dialect: Dialect = "chat"
    base_url = ""  # it is reached without any network
    regions: tuple[Region, ...] = (Region.LOCAL,)
    serves = CONVERSATIONS
    sample = Sample(plain=b"", stream=b"", text="", input_tokens=0, output_tokens=0)

    def __init__(self, passages: Passages) -> None:
        """passages: the library; its look-ups run in a thread."""
        self._passages = passages

    def lacks(self, prompt: Prompt) -> str | None:
        """See Adapter. It reads text and gives text: no tools, no media, no JSON, one choice."""
        if prompt.tools:
            return "tools"
        if prompt.answer_format is not None:
            return "response_format"
        if prompt.choices != 1:
            return "n"
        return next((lack for message in prompt.messages for lack in _strange(message.parts)), None)

    async def stream(self, masked: Masked, target: Target, call: HTTPCall) -> AsyncGenerator[Frame, None]:
        """See Adapter; `call` is not used: nothing leaves the process."""
        prompt = masked.prompt
        if (lack := self.lacks(prompt)) is not None:
            raise Unsupported(lack)
        question = _question(prompt)
        quotes = await self._find(question, target)
        chunks = list(_answer(prompt, target, question, quotes))
        if not prompt.stream:
            yield Frame(tuple(chunks))
            return
        for chunk in chunks:
            for piece in _pieces(chunk):
                yield Frame((piece,))

    async def _find(self, question: str, target: Target) -> Sequence[Quotable]:
        collection = target.model.partition(":")[2] or None
        try:
            async with asyncio.timeout(_SEARCH_S):
                return await asyncio.to_thread(self._passages.quotes, question, _MOST_QUOTES, collection)
        except TimeoutError as cause:
            raise UpstreamFault(FaultKind.TIMEOUT_TOTAL, f"the library took over {_SEARCH_S:g} s") from cause


def _strange(parts: Sequence[object]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Media):
            yield part.kind
        elif isinstance(part, Opaque):
            yield str(part.native.get("type", "unknown part"))
        elif isinstance(part, ToolCall | ToolResult):
            yield "tools"


def _question(prompt: Prompt) -> str:
    for message in reversed(prompt.messages):
        if message.role == "user":
            return "\n".join(part.text for part in message.parts if isinstance(part, Text))
    return ""


# ------------------------------------------------------------ wording

_ONLY_QUOTES = {
    "de": "Ich formuliere nicht, ich zitiere aus Ihren Dokumenten.",
    "en": "I do not write answers, I quote from your documents.",
}
_NOTHING = {
    "de": "Zu Ihrer Frage steht dort nichts, was gut genug passt. Fragen Sie mit anderen Worten, oder bitten "
    "Sie Ihre Administration, das passende Dokument aufzunehmen.",
    "en": "They hold nothing that fits your question well enough. Ask in other words, or ask your "
    "administrators to add the right document.",
}
_ENGLISH_WORDS = """
    the what how is are does do who which when where why of to my our can long much many and for with you
    tell please we have there it
"""
_GERMAN_WORDS = """
    der die das was wie ist sind wer welche welcher welches wann wo warum von zu mein unser kann lange viel
    viele und für mit sie bitte wir haben es ich ein eine den dem gibt im bei
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_GERMAN = frozenset(_GERMAN_WORDS.split())


def _language(question: str) -> str:
    """`en` when the question has more English than German function words, else `de`."""
    asked = re.findall(r"\w+", question.lower())
    english = sum(word in _ENGLISH for word in asked)
    return "en" if english > sum(word in _GERMAN for word in asked) else "de"


def _answer(prompt: Prompt, target: Target, question: str, quotes: Sequence[Quotable]) -> Iterator[Chunk]:
    """The whole answer as chunks, text in whole paragraphs."""
    language = _language(question)
    said = list(_text(language, quotes))
    yield Started(f"quote-{uuid.uuid4().hex}", target.model, {"created": int(time.time())})
    yield from said
    yield Stopped(StopReason.END)
    answer = " ".join(chunk.text for chunk in said if isinstance(chunk, TextDelta))
    asked = sum(_count(text) for text in texts(prompt))
    yield Used(Usage(input_tokens=asked, output_tokens=_count(answer)))


def _text(language: str, quotes: Sequence[Quotable]) -> Iterator[Chunk]:
    yield TextDelta(_ONLY_QUOTES[language])
    if not quotes:
        yield TextDelta(f"\n\n{_NOTHING[language]}")
        return
    opening, closing = ("„", "“") if language == "de" else ("“", "”")
    for number, quote in enumerate(quotes, start=1):
        yield TextDelta(f"\n\n> {opening}{quote.sentence}{closing} [{number}]")
        yield Cited(number, quote.document, quote.text, quote.place)
    sources = "\n".join(
        f"- [{number}] {', '.join(part for part in (quote.document, quote.place) if part)}"
        for number, quote in enumerate(quotes, start=1)
    )
    yield TextDelta(f"\n\n{'Quellen' if language == 'de' else 'Sources'}:\n{sources}")


def _pieces(chunk: Chunk) -> Iterator[Chunk]:
    """A chunk as it is streamed: text a few words at a time."""
    if not isinstance(chunk, TextDelta):
        yield chunk
        return
    words = re.findall(r"\s*\S+|\s+$", chunk.text)
    for start in range(0, len(words), _PIECE_WORDS):
        yield TextDelta("".join(words[start : start + _PIECE_WORDS]))


def _count(text: str) -> int:
    return len(text.split())


ADAPTER = Extractive(NoPassages())
