"""What of a data folder goes into a backup, and how each kind of file is read while a server works on it.

Everything goes in but what is listed here, so that a file of a new room is not forgotten.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from leitstand.backup.repository import copy_database
from leitstand.journal.segments import segments
from leitstand.store.engine import DATABASE_FILE

SPOOL = "spool"
SCRATCH = ".backup-"
WEIGHTS = "models"  # gigabytes that `leitstand model install` brings back
_BLOCK_BYTES = 1 << 20
_SCRATCH_AGE_S = 86_400.0
_NEVER = (
    "limits.counters",
    "jobs.sqlite",
)  # rebuilt from the journal; runs in hand, which a copy must not repeat
_NEVER_SUFFIXES = (".lock", "-wal", "-shm", "-journal", ".new")


def spooled(data: Path) -> Iterator[tuple[str, bytes]]:
    """Each file of the spool with the whole lines that are in it now.

    To be read before the database's snapshot: what the writer moves meanwhile then is in both, and the journal
    keeps one of each id. Removed files are passed over, for their records are in the database.
    """
    for path in segments(data / SPOOL):
        try:
            raw = path.read_bytes()  # a few MiB: segments.SEGMENT_BYTES
        except FileNotFoundError:
            continue
        written, hole, _ = raw.partition(b"\0")
        yield f"{SPOOL}/{path.name}", written[: written.rfind(b"\n") + 1] if hole else raw


def files(data: Path) -> Iterator[tuple[str, Path]]:
    """All other files of the folder by their path in it, without the database and the spool."""
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if path.is_file() and not path.is_symlink() and _belongs(path, name):
            yield name, path


def left_out(data: Path) -> list[str]:
    """What a restored folder does without, for people to read: model weights."""
    return sorted(path.relative_to(data).as_posix() for path in (data / WEIGHTS).glob("*.gguf"))


def blocks(path: Path, data: Path) -> Iterator[bytes]:
    """A file's bytes; of an SQLite database a consistent copy, also while others write to it."""
    if path.suffix != ".sqlite":
        yield from _read(path)
        return
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=data) as folder:
        copy = Path(folder) / path.name
        copy_database(path, copy)
        yield from _read(copy)


def clear_scratch(data: Path) -> None:
    """Remove what killed backups left behind a day ago or longer."""
    for left in data.glob(f"{SCRATCH}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _SCRATCH_AGE_S:
                shutil.rmtree(left)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _belongs(path: Path, name: str) -> bool:
    top = name.partition("/")[0]
    if top == WEIGHTS or top.startswith(SCRATCH) or name in _NEVER or name.endswith(_NEVER_SUFFIXES):
        return False
    if path.name.startswith("."):  # a draft, which takes its name or goes within milliseconds
        return False
    if name.startswith(f"{SPOOL}/") and path.suffix == ".log":
        return False
    return path.name != DATABASE_FILE
