"""Put the originals back into an answer, plain or streaming."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from leitstand.core.conversation import (
    Chunk,
    Drawn,
    Frame,
    Heard,
    Stopped,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    map_strings,
)
from leitstand.privacy.aliases import ALIASES
from leitstand.privacy.placeholders import MAX_LENGTH, PARTIAL, PLACEHOLDER, Mapping, key_of

Channel = tuple[int, int]
_TEXT = -1
MARKED = re.compile("\ue000(?P<placeholder>[^\ue001]*)\ue001(?P<original>[^\ue002]*)\ue002")
"""An original with its placeholder, between characters that Unicode leaves to private use."""
_Original = Callable[[re.Match[str]], str | None]


class Restorer:
    """Restores one answer; not shared between answers.

    Reasoning stays masked: providers want it back unchanged in the next turn and it is then not masked again,
    so restoring it would carry the data out. unknown: placeholders met that nobody gave out, left as they are.
    """

    def __init__(self, mapping: Mapping, *, json_text: bool = False, marked: bool = False) -> None:
        """json_text: the answer's text is JSON (structured output), so originals are escaped there too.

        marked: in texts, each original comes with the placeholder it replaces, as MARKED reads it.
        """
        self._mapping = mapping
        self._json_text = json_text
        self._marked = marked
        self._held: dict[Channel, _Held] = {}
        self._stems = _stems({placeholder.partition("_")[0] for placeholder, _ in mapping.entries})
        self.unknown = 0

    def plain(self, text: str) -> str:
        """A whole text with all its placeholders restored."""
        if not self._mapping:
            return text
        return "".join(piece for piece, _ in self.segments(text))

    def segments(self, text: str) -> list[tuple[str, str | None]]:
        """A whole text in pieces: restored text, with the placeholder that stood there or None."""
        pieces: list[tuple[str, str | None]] = []
        place = 0
        for match in PLACEHOLDER.finditer(text):
            original = self._original(match)
            if original is None:
                continue
            if match.start() > place:
                pieces.append((text[place : match.start()], None))
            pieces.append((original, match.group()))
            place = match.end()
        if place < len(text):
            pieces.append((text[place:], None))
        return pieces

    def frame(self, frame: Frame) -> tuple[Frame, bool]:
        """One event of a stream or a whole plain answer, and whether it differs from what came.

        Text that may be the beginning of a placeholder (under 60 characters) is held back until more comes,
        the choice stops or `finish` is called. A changed frame with chunks has no `raw`; in an event without
        meaning for us the strings of `raw` itself are restored.
        """
        if not self._mapping:
            return frame, False
        if not frame.chunks:
            return self._envelope(frame)
        chunks = _joined(piece for chunk in frame.chunks for piece in self._chunk(chunk))
        if chunks == frame.chunks and not self._may_hold_placeholder(frame.raw):
            return frame, False
        return replace(frame, chunks=chunks, raw=None), True

    def finish(self) -> Frame | None:
        """What is still held back when the stream ends, None when nothing is."""
        chunks = tuple(
            chunk for choice in sorted({c for c, _ in self._held}) for chunk in self._flush(choice)
        )
        return Frame(chunks) if chunks else None

    def _may_hold_placeholder(self, raw: bytes | None) -> bool:
        """Whether an event's bytes may have a placeholder of this mapping beside its chunks.

        Words are looked for one by one: a pattern over all of them took 45 µs per event, a third of a masked
        stream's time.
        """
        if raw is None:
            return False
        lowered = raw.lower()
        return any(stem in lowered and _is_numbered(stem, lowered) for stem in self._stems)

    def _original(self, match: re.Match[str]) -> str | None:
        key = key_of(match)
        if key is None:
            return None
        original = self._mapping.original(key)
        if original is None:
            self.unknown += 1
            return None
        if match["genitive"]:
            original += "'" if original[-1:] in "sxzßSXZ" else "s"
        return _dressed(match, quote(original) if "%" in match.group() else original)

    def _envelope(self, frame: Frame) -> tuple[Frame, bool]:
        if frame.raw is None or not self._may_hold_placeholder(frame.raw):
            return frame, False
        try:
            value = msgspec.json.decode(frame.raw)
        except msgspec.DecodeError:
            return frame, False
        return replace(frame, raw=msgspec.json.encode(map_strings(value, self.plain))), True

    def _chunk(self, chunk: Chunk) -> Iterator[Chunk]:
        match chunk:
            case TextDelta():
                yield TextDelta(self._push((chunk.choice, _TEXT), chunk.text), chunk.choice)
            case ToolCallDelta():
                piece = self._push((chunk.choice, chunk.index), chunk.arguments)
                yield ToolCallDelta(chunk.index, piece, chunk.choice)
            case Stopped():
                yield from self._flush(chunk.choice)
                yield chunk
            case ToolCallStarted():
                yield from self._flush(chunk.choice, only=_TEXT)
                yield chunk
            case Drawn(revised_prompt=words) if words:
                yield replace(chunk, revised_prompt=self.plain(words))
            case Heard(extra=details) if details:
                yield replace(chunk, extra=map_strings(details, self.plain))
            case _:
                yield chunk

    def _push(self, channel: Channel, text: str) -> str:
        held = self._held.setdefault(channel, _Held())
        return held.push(text, self._writer(channel))

    def _writer(self, channel: Channel) -> _Original:
        """How an original is written in a channel."""
        if channel[1] != _TEXT or self._json_text:
            return self._escaped
        return self._with_mark if self._marked else self._original

    def _with_mark(self, match: re.Match[str]) -> str | None:
        original = self._original(match)
        return None if original is None else f"\ue000{match.group()}\ue001{original}\ue002"

    def _escaped(self, match: re.Match[str]) -> str | None:
        original = self._original(match)
        return None if original is None else msgspec.json.encode(original).decode()[1:-1]

    def _flush(self, choice: int, only: int | None = None) -> Iterator[Chunk]:
        for channel in sorted(c for c in self._held if c[0] == choice and only in (None, c[1])):
            held = self._held.pop(channel)
            rest = held.rest(self._writer(channel))
            if not rest:
                continue
            yield TextDelta(rest, choice) if channel[1] == _TEXT else ToolCallDelta(channel[1], rest, choice)


_FIGURE = re.compile("[0-9]")  # a text without one holds no placeholder, which is a tenth of the work to see


class _Held:
    """One channel of a stream: what is held back, and the three characters before it (`%20` has three)."""

    def __init__(self) -> None:
        self.before = ""
        self.pending = ""

    def push(self, text: str, original: _Original) -> str:
        """Take more text, give what is sure by now, restored."""
        buffer = self.pending + text
        partial = PARTIAL.search(
            self.before + buffer, max(len(self.before), len(self.before + buffer) - MAX_LENGTH)
        )
        cut = partial.start() - len(self.before) if partial else len(buffer)
        return self._give(buffer, cut, original)

    def rest(self, original: _Original) -> str:
        """Everything, at the end."""
        return self._give(self.pending, len(self.pending), original)

    def _give(self, buffer: str, cut: int, original: _Original) -> str:
        """Restore the first `cut` characters; what follows is seen, as it decides where a match ends."""
        whole, offset = self.before + buffer, len(self.before)
        pieces: list[str] = []
        place = offset
        for match in PLACEHOLDER.finditer(whole, offset) if _FIGURE.search(whole, offset) else ():
            if match.end() > offset + cut:
                break
            stand_in = original(match)
            if stand_in is not None:
                pieces += (whole[place : match.start()], stand_in)
                place = match.end()
        pieces.append(whole[place : offset + cut])
        self.before = whole[: offset + cut][-3:]
        self.pending = buffer[cut:]
        return "".join(pieces)


_DIGIT = re.compile(rb"[0-9]")


def _is_numbered(stem: bytes, lowered: bytes) -> bool:
    """Whether figures stand soon after the stem: the rest of a word and the signs before its number lie between."""
    places = (match.end() for match in re.finditer(re.escape(stem), lowered))
    return any(_DIGIT.search(lowered, place, place + MAX_LENGTH) for place in places)


def _stems(words: set[str]) -> tuple[bytes, ...]:
    """Letters that each spelling of these words holds, however JSON writes its accents."""
    spellings = {word for known in words for word in (known, *ALIASES.get(known, ()))}
    stems = {max(re.split(r"[^a-z]", spelling.lower()), key=len) for spelling in spellings}
    return tuple(stem.encode() for stem in stems if not any(other in stem for other in stems - {stem}))


def _dressed(match: re.Match[str], original: str) -> str:
    """The original with the Markdown signs that stood within its placeholder: `**Person**_001` → `**Aydın**`."""
    closing, opening = match["before"], match["after"]
    if not (closing or opening) or (closing and opening):
        return original
    is_open = match.string[max(0, match.start() - 1) : match.start()] in ("*", "`", "~")
    return original + closing + opening if is_open else closing + opening + original


def _joined(chunks: Iterator[Chunk]) -> tuple[Chunk, ...]:
    """Neighbouring deltas of one channel as one, empty ones left out."""
    joined: list[Chunk] = []
    for chunk in chunks:
        last = joined[-1] if joined else None
        if isinstance(chunk, TextDelta):
            if isinstance(last, TextDelta) and last.choice == chunk.choice:
                joined[-1] = TextDelta(last.text + chunk.text, chunk.choice)
            elif chunk.text:
                joined.append(chunk)
        elif isinstance(chunk, ToolCallDelta):
            if isinstance(last, ToolCallDelta) and (last.index, last.choice) == (chunk.index, chunk.choice):
                joined[-1] = ToolCallDelta(chunk.index, last.arguments + chunk.arguments, chunk.choice)
            elif chunk.arguments:
                joined.append(chunk)
        else:
            joined.append(chunk)
    return tuple(joined)
