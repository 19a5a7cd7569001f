"""HTML as a flat list of headings, paragraphs, list items and table rows."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset({"p", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "dt", "dd",
                     "div", "section", "article", "main", "body", "table", "ul", "ol", "figcaption"})  # fmt: skip
_SILENT = frozenset({"script", "style", "nav", "template", "noscript", "svg", "head", "footer"})
_SHOWN = frozenset({"li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})


def html_blocks(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The title, and (tag, text) of each block in reading order; tag is h1 … h6, li, tr or p.

    A table row names the column of each cell where the table begins with a row of header cells.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_block()
    return reader.title, reader.blocks


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.blocks: list[tuple[str, str]] = []
        self._tag = "p"
        self._text: list[str] = []
        self._silent: list[str] = []
        self._in_title = False
        self._header: list[str] = []
        self._cells: list[str] = []
        self._is_header_row = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag in _SILENT:
            self._silent.append(tag)
        elif tag in ("td", "th"):
            self._end_cell()
            self._is_header_row = tag == "th" and (self._is_header_row or not self._cells)
        elif tag in _BLOCKS:
            self.end_block()
            self._tag = tag if tag in _SHOWN else "p"
            if tag == "table":
                self._header = []
        elif tag == "br":
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif self._silent and tag == self._silent[-1]:
            self._silent.pop()
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag in _BLOCKS:
            self.end_block()
            self._tag = "p"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title = " ".join((self.title + data).split())
        elif not self._silent:
            self._text.append(data)

    def end_block(self) -> None:
        """Keep what was read since the last block began."""
        if self._tag == "tr":
            self._end_row()
        elif text := self._take():
            self.blocks.append((self._tag, text))

    def _end_row(self) -> None:
        self._end_cell()
        cells, self._cells = self._cells, []
        if self._is_header_row and not self._header:
            self._header = cells
        elif any(cells):
            names = [*self._header, *[""] * len(cells)]
            row = (
                f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell
            )
            self.blocks.append(("tr", "; ".join(row)))
        self._is_header_row = False

    def _end_cell(self) -> None:
        if self._tag == "tr" and (text := self._take()):
            self._cells.append(text)

    def _take(self) -> str:
        text = re.sub(r"\s+", " ", "".join(self._text)).strip()
        self._text.clear()
        return text
