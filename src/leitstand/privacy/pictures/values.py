"""What was read in a picture, and where it stands."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture as it is shown (turned as its EXIF says); right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def around(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def mostly_is(self, other: "Box") -> bool:
        """Whether they share at least half of the smaller one."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width > 0 and height > 0 and 2 * width * height >= min(self.size, other.size)

    @property
    def size(self) -> int:
        """In pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def meets(self, other: "Box") -> bool:
        """Whether the two share a pixel."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Word:
    """Characters start to end of a look's text, where they stand, and in which line of it."""

    start: int
    end: int
    box: Box
    line: int


@dataclass(frozen=True)
class Look:
    """The picture as read once: its text, lines divided by line breaks, and the places of all words."""

    text: str
    words: tuple[Word, ...]

    def boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """Where characters start to end stand: one box per line, of whole words."""
        by_line: dict[int, Box] = {}
        for word in self.words:
            if word.start < end and start < word.end:
                known = by_line.get(word.line)
                by_line[word.line] = word.box if known is None else known.around(word.box)
        return tuple(by_line.values())


class Why(StrEnum):
    """Why a picture counts as not read."""

    OFF = "off"  # the configuration says so
    NO_READER = "no_reader"  # Tesseract or its German data is not installed
    LINK = "link"  # an address, which the house does not fetch
    NO_IMAGE = "no_image"  # the bytes are no image of a kind that can be read
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    FAILED = "failed"
    ILLEGIBLE = "illegible"  # there is writing in it, most of which could not be made out


@dataclass(frozen=True)
class Seen:
    """A picture that was read. looks: independent of each other. doubtful: marks that may be writing."""

    looks: tuple[Look, ...]
    doubtful: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Unseen:
    """A picture of which nobody knows what is written in it."""

    why: Why


@dataclass(frozen=True, slots=True)
class Cover:
    """A box to be filled. label: what is written on it where it fits, empty for nothing."""

    box: Box
    label: str = ""
