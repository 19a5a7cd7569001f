"""Documents cut into passages along their structure: never across a heading, never inside a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass

from leitstand.knowledge.extract import Block, Extracted
from leitstand.knowledge.sentences import sentences

SMALLEST = 300  # characters up to which blocks of one section are joined
LARGEST = 900


@dataclass(frozen=True, slots=True)
class Slice:
    """A passage before it is stored. text: one line per paragraph, list item or table row."""

    text: str
    heading: str
    place: str


def chunk(document: Extracted) -> list[Slice]:
    """The passages of a document, in its order; 300 to 900 characters where its sections are that long."""
    slices: list[Slice] = []
    path: list[tuple[int, str]] = []
    section: list[Block] = []

    def close() -> None:
        headings = [text for _, text in path if text != document.title]
        for group in _groups(section):
            slices.append(_slice(group, " › ".join(headings), document.unit))
        section.clear()

    for block in document.blocks:
        if block.kind == "heading":
            close()
            path = [
                *((level, text) for level, text in path if level < block.level),
                (block.level, block.text),
            ]
        else:
            section.append(block)
    close()
    return slices


def _groups(section: list[Block]) -> Iterator[list[Block]]:
    """Neighbouring blocks joined until a passage is large enough; an introduction stays with its list."""
    group: list[Block] = []
    size = 0
    for block in (piece for whole in section for piece in _cut(whole)):
        fits = size + len(block.text) < LARGEST
        if group and not (fits and (size < SMALLEST or _belongs(group[-1], block))):
            yield group
            group, size = [], 0
        group.append(block)
        size += len(block.text) + 1
    if group:
        yield group


def _belongs(before: Block, block: Block) -> bool:
    """Whether a block continues the one before: the same list or table, or what a colon announced."""
    return before.text.endswith(":") or (block.kind in ("item", "row") and before.kind == block.kind)


def _cut(block: Block) -> Iterator[Block]:
    """A block too long for one passage, cut between sentences into pieces of similar size."""
    if len(block.text) <= LARGEST:
        yield block
        return
    pieces = -(-len(block.text) // LARGEST)
    target = len(block.text) / pieces
    text = ""
    for sentence in sentences(block.text):
        if text and (len(text) + len(sentence) >= LARGEST or len(text) >= target):
            yield Block(block.kind, text, block.first, block.last)
            text = ""
        text = f"{text} {sentence}".strip()
    if text:
        yield Block(block.kind, text, block.first, block.last)


def _slice(group: list[Block], heading: str, unit: str) -> Slice:
    first, last = group[0].first, group[-1].last
    one, many = ("Zeile", "Zeilen") if unit == "line" else ("Absatz", "Absätze")
    place = f"{one} {first}" if first == last else f"{many} {first}–{last}"
    return Slice("\n".join(block.text for block in group), heading, place)
