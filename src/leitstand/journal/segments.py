"""One file of the spool: lines of `crc32 SPACE json NEWLINE`, written by one process, read by the writer.

A segment is preallocated, so that a full disk is noticed when the next one is made and not in the middle of
an answer; what is not yet written is zero bytes. Its owner holds an exclusive flock on it for as long as it
writes; the kernel lets go when the owner dies. So: lock taken = still growing, lock free = final.
"""

import fcntl
import os
import secrets
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from leitstand.journal.records import Record

SEGMENT_BYTES = 4 << 20
_CHUNK_BYTES = 256 << 10
_DRAFT_AGE_S = 60.0  # making a segment takes less than a millisecond
_SUFFIX = ".log"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


def encode_line(record: Record) -> bytes:
    """A record as one line of the spool; JSON escapes line ends and zero bytes, so neither occurs inside."""
    body = _encoder.encode(record)
    return b"%08x %b\n" % (zlib.crc32(body), body)


class BadLine(Exception):
    """A line whose checksum or content is wrong; the message says which."""


def decode_line(line: bytes) -> Record:
    """The record in a line (without its line end); raises BadLine."""
    body = line[9:]
    if line[:9] != b"%08x " % zlib.crc32(body):
        raise BadLine("the checksum does not match")
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as cause:
        raise BadLine(f"not a record: {cause}") from cause


class Segment:
    """The writing side of one file; not thread-safe, its spool takes care of that."""

    def __init__(self, path: Path, descriptor: int, size_bytes: int) -> None:
        """Made by `create` only."""
        self.path = path
        self._descriptor = descriptor
        self._size_bytes = size_bytes
        self._used_bytes = 0
        self._entry_synced = False

    @classmethod
    def create(cls, folder: Path, size_bytes: int) -> "Segment":
        """A new, empty, locked file; raises OSError, on a full disk too.

        It appears under its final name only when it is locked, so that the writer cannot take it for the
        rest of a dead process and remove it.
        """
        name = f"{time.time_ns() // 1000:016d}-{os.getpid()}-{secrets.randbelow(1_000_000)}"
        draft = folder / f"{name}.new"
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.posix_fallocate(descriptor, 0, size_bytes)
            path = draft.rename(draft.with_suffix(_SUFFIX))
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        return cls(path, descriptor, size_bytes)

    def fits(self, size_bytes: int) -> bool:
        """Whether that much still finds room."""
        return self._used_bytes + size_bytes <= self._size_bytes

    def write(self, lines: bytes) -> None:
        """Append whole lines; after an OSError the same bytes may be written again."""
        done = 0
        while done < len(lines):
            done += os.pwrite(self._descriptor, lines[done:] if done else lines, self._used_bytes + done)
        self._used_bytes += len(lines)

    def sync(self) -> None:
        """Return when everything written is on the disk, the folder's entry included."""
        os.fdatasync(self._descriptor)
        if not self._entry_synced:
            sync_folder(self.path.parent)
            self._entry_synced = True

    def close(self) -> None:
        """Give back the room that was not used, and the lock: from now on the file is final."""
        with suppress(OSError):  # only the zero bytes at the end would stay, and readers know them
            os.ftruncate(self._descriptor, self._used_bytes)
        os.close(self._descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Fault(NamedTuple):
    """Bytes of a segment that are no record.

    torn: at the very end of a file whose process was killed: never acknowledged, unless power failed.
    """

    offset: int
    raw: bytes
    torn: bool
    reason: str


class Taken(NamedTuple):
    """What was read from a segment; `offset` is where to go on, `finished` that nothing can follow."""

    records: list[Record]
    faults: list[Fault]
    offset: int
    finished: bool


def segments(folder: Path) -> list[Path]:
    """The files of a spool, oldest first."""
    return sorted(folder.glob(f"*{_SUFFIX}"))


def remove_drafts(folder: Path) -> None:
    """Remove files of processes that died while they made a segment; nothing was ever written to them."""
    for draft in folder.glob("*.new"):
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > _DRAFT_AGE_S:
                draft.unlink()


def take(path: Path, offset: int, limit: int) -> Taken:
    """Up to `limit` records from `offset` on, changing nothing; raises OSError."""
    with _opened(path) as descriptor:
        growing = _is_growing(descriptor)  # asked before reading: if it is final now, so is what we read
        size = os.fstat(descriptor).st_size
        chunk_bytes = _CHUNK_BYTES
        while True:
            chunk = os.pread(descriptor, chunk_bytes, offset)
            last = offset + len(chunk) >= size
            taken = scan(chunk, offset, growing=growing, last=last, limit=limit)
            if taken.offset > offset or last or b"\0" in chunk:
                return taken
            chunk_bytes *= 2  # one line longer than the chunk


def scan(chunk: bytes, base: int, *, growing: bool, last: bool, limit: int) -> Taken:
    """Read lines from a piece of a segment that begins at byte `base` with a line.

    growing: its owner still writes. last: the piece reaches to the end of the file.
    A growing file is read up to the first byte that is not there yet; there, nothing is a fault.
    """
    records: list[Record] = []
    faults: list[Fault] = []
    position = 0
    while len(records) + len(faults) < limit:
        end = chunk.find(b"\n", position)
        if end < 0:
            return _rest(records, faults, chunk, base, position, final=last and not growing)
        line = chunk[position:end]
        content = line.lstrip(b"\0")
        if growing and b"\0" in line:
            break
        try:
            records.append(decode_line(content))
            if len(content) < len(line):
                faults.append(Fault(base + position, b"", False, "a hole: data never reached the disk"))
        except BadLine as wrong:
            at_end = not chunk[end + 1 :].strip(b"\0")
            if growing and at_end:
                break
            faults.append(Fault(base + position, line, at_end and last, str(wrong)))
        position = end + 1
    return Taken(records, faults, base + position, finished=False)


def _rest(
    records: list[Record], faults: list[Fault], chunk: bytes, base: int, position: int, *, final: bool
) -> Taken:
    """No further line end: wait for more, or (final) judge what is left."""
    if not final:
        return Taken(records, faults, base + position, finished=False)
    rest = chunk[position:].strip(b"\0")
    if rest:
        faults.append(Fault(base + position, rest, True, "the line has no end"))
    return Taken(records, faults, base + len(chunk), finished=True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_growing(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
