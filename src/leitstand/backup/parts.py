"""What stands inside the envelope: parts, one after the other, and a manifest that sums them up.

    P {name, kind, columns} · D block · D block · … · P … · M manifest

Each item is one letter, a length (4 bytes, big endian) and that many bytes. Blocks are compressed singly (zlib).
A file's blocks are its bytes; a table's blocks are arrays of rows (MessagePack), each row in the order of columns.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from leitstand.backup.envelope import BrokenBackup, Opening, Sealing

Kind = Literal["file", "table"]
Row = Sequence[object]
_rows_out = msgspec.msgpack.Encoder()
_rows_in = msgspec.msgpack.Decoder(list[list[object]])


class Part(msgspec.Struct, frozen=True):
    """One file below the data folder, or one table."""

    name: str
    kind: Kind
    columns: tuple[str, ...] = ()


class Sum(msgspec.Struct, frozen=True):
    """What a part must be. sha256: over its blocks, not compressed, one after the other."""

    name: str
    kind: Kind
    size_bytes: int
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The last item. revision: step of the database's schema; left_out: what a restore has to do without."""

    version: int
    revision: str
    database: str
    parts: tuple[Sum, ...]
    left_out: tuple[str, ...] = ()

    @property
    def rows(self) -> dict[str, int]:
        """Rows by table."""
        return {part.name: part.rows for part in self.parts if part.kind == "table"}


class Block(NamedTuple):
    """A piece of the part that was opened last. rows: those of a table, none of a file."""

    part: Part
    raw: bytes
    rows: list[list[object]]


class Packer:
    """Writes parts and, by `finish`, the manifest."""

    def __init__(self, out: Sealing) -> None:
        self._out = out
        self.sums: list[Sum] = []

    def file(self, name: str, blocks: Iterable[bytes]) -> None:
        """Add a file by its path below the data folder."""
        self._part(Part(name, "file"), ((block, 0) for block in blocks))

    def table(self, name: str, columns: Sequence[str], batches: Iterable[Sequence[Row]]) -> None:
        """Add a table's rows."""
        blocks = ((_rows_out.encode([list(row) for row in batch]), len(batch)) for batch in batches)
        self._part(Part(name, "table", tuple(columns)), blocks)

    def finish(self, revision: str, database: str, left_out: Sequence[str]) -> Manifest:
        """Write the manifest."""
        manifest = Manifest(1, revision, database, tuple(self.sums), tuple(left_out))
        self._item(b"M", msgspec.json.encode(manifest))
        return manifest

    def _part(self, part: Part, blocks: Iterable[tuple[bytes, int]]) -> None:
        self._item(b"P", msgspec.json.encode(part))
        tally = _Tally(part)
        for raw, rows in blocks:
            tally.add(raw, rows)
            self._item(b"D", zlib.compress(raw, 1))
        self.sums.append(tally.sum())

    def _item(self, letter: bytes, body: bytes) -> None:
        self._out.write(letter + len(body).to_bytes(4) + body)


def unpack(source: Opening) -> Iterator[Part | Block | Manifest]:
    """Each part, its blocks, and last the manifest, which then is proven; raises BrokenBackup."""
    tallies: list[_Tally] = []
    while True:
        letter = source.read(1)
        body = source.read(int.from_bytes(source.read(4)))
        if letter == b"P":
            tallies.append(_Tally(msgspec.json.decode(body, type=Part)))
            yield tallies[-1].part
        elif letter == b"D" and tallies:
            part, raw = tallies[-1].part, zlib.decompress(body)
            rows = _rows_in.decode(raw) if part.kind == "table" else []
            tallies[-1].add(raw, len(rows))
            yield Block(part, raw, rows)
        elif letter == b"M":
            manifest = msgspec.json.decode(body, type=Manifest)
            source.expect_end()
            _prove(manifest, tuple(tally.sum() for tally in tallies))
            yield manifest
            return
        else:
            raise BrokenBackup.because("ein Teil ist unbekannter Art", "one part is of an unknown kind")


class _Tally:
    """Counts one part while it passes."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._digest = hashlib.sha256()
        self._size_bytes = self._rows = 0

    def add(self, raw: bytes, rows: int) -> None:
        self._digest.update(raw)
        self._size_bytes += len(raw)
        self._rows += rows

    def sum(self) -> Sum:
        return Sum(self.part.name, self.part.kind, self._size_bytes, self._rows, self._digest.hexdigest())


def _prove(manifest: Manifest, found: tuple[Sum, ...]) -> None:
    if manifest.version != 1:
        raise BrokenBackup.because(
            "ihr Verzeichnis ist von einer neueren Version", "its manifest is of a newer version"
        )
    for promised, there in zip(manifest.parts, found, strict=False):
        if promised != there:
            raise BrokenBackup.because(
                f"der Teil {promised.name} ist nicht, was er war",
                f"its part {promised.name} is not what it was",
            )
    if len(manifest.parts) != len(found):
        raise BrokenBackup.because("es fehlen Teile", "parts are missing")
