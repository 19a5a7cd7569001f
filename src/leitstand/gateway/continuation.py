"""An answer that broke off is continued: the text so far goes to a model as the beginning of its own answer.

Only plain text can be continued: no tool calls, no structured output, no thinking, one choice. Only a target
that sees the prompt in the same way may go on with it: what was written from clear text in the house must not
go out, and placeholders mean nothing to a model that was given names.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from leitstand.core.conversation import (
    CONVERSATIONS,
    Chunk,
    Frame,
    Masked,
    Prompt,
    Started,
    Stopped,
    TextDelta,
    ThinkingDelta,
    Usage,
    Used,
)
from leitstand.gateway.tally import plus, tokens_of
from leitstand.privacy.mask import with_beginning

MOST = 2  # continuations of one answer
SHORTEST_OVERLAP = 16  # characters; a shorter repetition may be meant
LONGEST_OVERLAP = 2000


class Transcript:
    """The text of an answer so far, as the provider wrote it."""

    def __init__(self, prompt: Prompt) -> None:
        """prompt: what is asked; decides whether its answer may be continued at all."""
        last = prompt.messages[-1] if prompt.messages else None
        self.can_continue = (
            prompt.stream
            and prompt.dialect in CONVERSATIONS
            and prompt.choices == 1
            and prompt.answer_format is None
            and last is not None
            and last.role != "assistant"
        )
        self._pieces: list[str] = []

    def add(self, frame: Frame) -> None:
        """Take note of a frame that was sent on."""
        for chunk in frame.chunks:
            if isinstance(chunk, TextDelta):
                self._pieces.append(chunk.text)
            elif not isinstance(chunk, Started | Used):
                self.can_continue = False

    @property
    def text(self) -> str:
        """Everything said so far."""
        return "".join(self._pieces)


def resumed(masked: Masked, text: str) -> Masked:
    """The prompt with the beginning of its answer, and with what that leaves of its cap.

    It ends without blanks: some formats refuse them there, and models go on worse after them.
    """
    cap = masked.prompt.max_tokens
    left = None if cap is None else max(1, cap - tokens_of(len(text.encode())))
    return with_beginning(masked, text.rstrip(), left)


class Joint:
    """Joins a continuation to the text so far: no second beginning, nothing said twice, usage of both."""

    def __init__(self, so_far: str, used: Usage) -> None:
        """used: by the calls before."""
        self._seam = _Seam(so_far)
        self._used = used

    def frame(self, frame: Frame) -> Frame | None:
        """What of a frame of the continuation belongs to the answer, None for nothing.

        It has no `raw`: ids and block numbers in it are those of another answer.
        """
        chunks = tuple(piece for chunk in frame.chunks for piece in self._chunk(chunk))
        return Frame(chunks) if chunks else None

    def _chunk(self, chunk: Chunk) -> Iterator[Chunk]:
        match chunk:
            case Started() | ThinkingDelta():
                return
            case TextDelta():
                if text := self._seam.push(chunk.text):
                    yield TextDelta(text)
            case Stopped():
                if text := self._seam.rest():
                    yield TextDelta(text)
                yield chunk
            case Used():
                yield Used(replace(plus(self._used, chunk.usage), raw=None))
            case _:
                yield chunk


class _Seam:
    """Finds where new text repeats the end of the old, exactly and for long enough, and cuts that.

    Text is held back only while it may still be such a repetition.
    """

    def __init__(self, so_far: str) -> None:
        self._blanks = so_far[len(so_far.rstrip()) :]
        self._tail = so_far.rstrip()[-LONGEST_OVERLAP:]
        self._held = ""
        self._is_open = True

    def push(self, text: str) -> str:
        """Take more, give what is sure to be new."""
        if not self._is_open:
            return text
        self._held += text
        if len(self._held) < len(self._tail) and self._may_repeat():
            return ""
        return self.rest()

    def rest(self) -> str:
        """Everything that is held back, without what was said before."""
        if not self._is_open:
            return ""
        self._is_open = False
        held, blanks = self._held[self._repeated() :], self._blanks
        while blanks and held.startswith(blanks[0]):
            held, blanks = held[1:], blanks[1:]
        return held

    def _may_repeat(self) -> bool:
        """Whether what is held is the beginning of a long enough end of the text so far."""
        if not self._held.strip():
            return True
        place = self._tail.find(self._held)
        return 0 <= place <= len(self._tail) - SHORTEST_OVERLAP

    def _repeated(self) -> int:
        """Length of the longest end of the text so far with which the new text begins; 0 if too short."""
        for length in range(min(len(self._held), len(self._tail)), SHORTEST_OVERLAP - 1, -1):
            if self._tail.endswith(self._held[:length]):
                return length
        return 0
