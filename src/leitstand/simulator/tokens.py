"""The simulator's token: one deterministic rule, so that tests can count along.

Rule: a run of word characters is cut into pieces of at most 6 characters, every other visible character is a
piece of its own, and white space belongs to the piece after it (at the end of a text: before it). Hence
`"".join(split(text)) == text` for every text, German prose has about 1.5 tokens a word, and a word of at most
6 characters is exactly one token.
"""

import re
from collections.abc import Sequence

PIECE = re.compile(r"\s*(?:\w{1,6}|[^\w\s])(?:\s+\Z)?|\s+\Z")
MEDIA_TOKENS = 256
"""What an image, a sound or a file counts, whatever its size."""


def split(text: str) -> tuple[str, ...]:
    """The tokens of a text, in order; joined they give the text again."""
    return tuple(PIECE.findall(text))


def count(text: str) -> int:
    """How many tokens a text has; 0 for an empty one."""
    return len(PIECE.findall(text))


def grouped(pieces: Sequence[str], size: int) -> list[tuple[str, int]]:
    """Pieces joined in groups of `size` (>= 1), each with its number of tokens: what one stream event carries."""
    groups = (pieces[start : start + size] for start in range(0, len(pieces), size))
    return [("".join(group), len(group)) for group in groups]


def count_messages(texts: Sequence[str]) -> int:
    """Input tokens of a prompt of plain messages: each counts its tokens, and at least 1."""
    return sum(max(1, count(text)) for text in texts)
