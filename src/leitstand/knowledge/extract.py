"""Files as blocks of text: headings, paragraphs, list items, table rows, each with its place.

Supported now: Markdown, plain text and HTML. Everything else is refused by name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from leitstand.core.i18n import Bilingual
from leitstand.knowledge.html import html_blocks

BlockKind = Literal["heading", "paragraph", "item", "row"]
SUPPORTED = (".md", ".markdown", ".txt", ".html", ".htm")
_LARGEST_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document's structure.

    level: of a heading, 1 to 6, else 0. first, last: lines (text) or the running number (HTML), from 1.
    """

    kind: BlockKind
    text: str
    first: int
    last: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's title and blocks. unit: what `Block.first` counts."""

    title: str
    blocks: tuple[Block, ...]
    unit: Literal["line", "paragraph"]


class Unreadable(Exception):
    """A file that cannot become text; `reason` says why and what to do."""

    def __init__(self, reason: Bilingual) -> None:
        super().__init__(reason.en)
        self.reason = reason


def extract(name: str, content: bytes) -> Extracted:
    """Read a file's bytes by the ending of its name; raises Unreadable."""
    ending = PurePath(name).suffix.lower()
    require_supported(name)
    text = _decode(content)
    stem = PurePath(name).stem
    if ending in (".html", ".htm"):
        title, pieces = html_blocks(text)
        blocks = tuple(
            Block(_html_kind(tag), piece, number, number, int(tag[1]) if tag[0] == "h" else 0)
            for number, (tag, piece) in enumerate(pieces, start=1)
        )
        return Extracted(title or _first_heading(blocks) or stem, blocks, "paragraph")
    if ending == ".txt":
        return Extracted(stem, tuple(_markdown(text.splitlines(), 0, headings=False)), "line")
    title, skipped = _front_matter(text)
    blocks = tuple(_markdown(text.splitlines(), skipped, headings=True))
    return Extracted(title or _first_heading(blocks) or stem, blocks, "line")


def require_supported(name: str) -> None:
    """Raise Unreadable for a kind of file that is not read yet."""
    ending = PurePath(name).suffix.lower()
    if ending not in SUPPORTED:
        kinds = ", ".join(SUPPORTED)
        shown = ending or "ohne Endung"
        raise Unreadable(
            Bilingual(
                f"Dateien der Art „{shown}“ werden noch nicht gelesen. Möglich sind: {kinds}. "
                "Speichern Sie das Dokument in einem dieser Formate.",
                f"files of kind '{ending or 'no ending'}' are not read yet; supported: {kinds}. "
                "Save the document in one of these formats.",
            )
        )


def _decode(content: bytes) -> str:
    if len(content) > _LARGEST_BYTES:
        megabytes = _LARGEST_BYTES // 1024 // 1024
        raise Unreadable(
            Bilingual(
                f"Die Datei ist größer als {megabytes} MB. Teilen Sie sie auf.",
                f"the file is larger than {megabytes} MB; split it",
            )
        )
    if b"\0" in content:
        raise Unreadable(
            Bilingual(
                "Die Datei enthält keinen Text, sondern Binärdaten.", "the file holds binary data, not text"
            )
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if not text.strip():
        raise Unreadable(Bilingual("Die Datei ist leer.", "the file is empty"))
    return text


def _front_matter(text: str) -> tuple[str, int]:
    """The title in a leading `---` block, and how many lines that block takes."""
    found = re.match(r"---[ \t]*\r?\n(.*?\r?\n)?(---|\.\.\.)[ \t]*(\r?\n|$)", text, re.DOTALL)
    if not found:
        return "", 0
    title = re.search(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*\r?$", found.group(1) or "", re.MULTILINE)
    return title.group(1) if title else "", len(found.group().splitlines())


_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+(?=\S)")
_RULE = re.compile(r"\s*([-*_])(\s*\1){2,}\s*$")
_DIVIDER = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")


def _markdown(lines: Sequence[str], skipped: int, *, headings: bool) -> Iterator[Block]:
    """Blocks of Markdown; plain text is read the same way, but has no headings, tables or marks."""
    open_block: list[str] = []
    kind: BlockKind = "paragraph"
    first = 0
    header: list[str] | None = None
    fenced = False

    def closed(last: int) -> Iterator[Block]:
        if open_block:
            joined = " ".join(piece.strip() for piece in open_block)
            yield Block(kind, plain(joined) if headings else joined, first, last)
            open_block.clear()

    for number, line in enumerate(lines[skipped:], start=skipped + 1):
        if headings and _FENCE.match(line):
            yield from closed(number - 1)
            fenced = not fenced
            continue
        if not line.strip() or (headings and not fenced and _RULE.match(line)):
            yield from closed(number - 1)
            header = None
            continue
        if headings and not fenced and (heading := _HEADING.match(line)):
            yield from closed(number - 1)
            yield Block("heading", plain(heading.group(2)), number, number, len(heading.group(1)))
            continue
        if headings and not fenced and line.lstrip().startswith("|"):
            yield from closed(number - 1)
            cells = _cells(line)
            if header is None:
                header = cells
            elif not _DIVIDER.match(line):
                yield Block("row", _row(header, cells), number, number)
            continue
        item = None if fenced else _ITEM.match(line)
        if item:
            yield from closed(number - 1)
            kind, first = "item", number
            open_block.append(line[item.end() :])
        else:
            if not open_block:
                kind, first = "paragraph", number
            open_block.append(line)
    yield from closed(len(lines))


def _cells(line: str) -> list[str]:
    return [
        plain(cell.strip().replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))
    ]


def _row(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row that reads without its table: `Modell: FB-200; Lieferzeit: 6 Wochen`."""
    names = [*header, *[""] * len(cells)]
    return "; ".join(
        f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell
    )


_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(\*\*|__|`)(.+?)\1")
_EMPHASIS = re.compile(r"(?<![\w*])[*_]([^*_\s](?:[^*_]*[^*_\s])?)[*_](?![\w*])")


def plain(text: str) -> str:
    """Markdown without its marks: links by their text, emphasis and code without signs, no quote signs."""
    text = re.sub(r"^(\s*>)+\s?", "", text)
    text = _LINK.sub(r"\1", text)
    text = _MARKS.sub(r"\2", text)
    return _EMPHASIS.sub(r"\1", text).strip()


def _html_kind(tag: str) -> BlockKind:
    if tag[0] == "h":
        return "heading"
    return {"li": "item", "tr": "row"}.get(tag, "paragraph")  # type: ignore[return-value]  # both are kinds


def _first_heading(blocks: Sequence[Block]) -> str:
    return next((block.text for block in blocks if block.kind == "heading"), "")
