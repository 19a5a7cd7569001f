"""Make a backup while the server goes on: one moment of the database, all files, sealed as they are read.

    spool ─▶ snapshot of the database ─▶ tables ─▶ files ─▶ manifest ─▶ on the disk under its name

Memory is bounded by a chunk, a batch of rows and a segment of the spool, whatever the size of the installation.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from leitstand import __version__
from leitstand.backup import folder, repository
from leitstand.backup.envelope import Sealing
from leitstand.backup.keys import Locks
from leitstand.backup.parts import Manifest, Packer
from leitstand.core.errors import InvalidRequest
from leitstand.store.engine import is_made, open_engine
from leitstand.store.migrate import pending


class Made(NamedTuple):
    """A backup that is on the disk. created: the moment that it shows, ISO 8601."""

    path: Path
    created: str
    size_bytes: int
    manifest: Manifest


def create(data: Path, target: Path, lock: Locks) -> Made:
    """Back up the installation in `data` into `target`, which appears whole or not at all.

    An older file of that name is replaced. Every record that was acknowledged before the call is in it.
    Raises InvalidRequest when there is nothing to back up, the place is unfit or the database fails, and OSError.
    """
    _check_places(data, target)
    folder.clear_scratch(data)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    with (
        repository.told_plainly(),
        _draft(target) as out,
        Sealing(out, lock, created, __version__) as sealing,
    ):
        manifest = _pack(data, Packer(sealing))
    return Made(target, created, target.stat().st_size, manifest)


def _pack(data: Path, packer: Packer) -> Manifest:
    for name, lines in folder.spooled(data):
        packer.file(name, [lines])
    engine = open_engine(data)
    try:
        if pending(engine):
            raise InvalidRequest(
                "Die Datenbank ist auf einem älteren Stand. Rufen Sie zuerst „leitstand migrate“ auf.",
                "The database is of an older version. Run 'leitstand migrate' first.",
            )
        with repository.snapshot(engine) as connection:
            revision = repository.revision(connection)
            for table in repository.tables():
                packer.table(
                    str(table.name), repository.columns(table), repository.batches(connection, table)
                )
    finally:
        engine.dispose()
    for name, path in folder.files(data):
        packer.file(name, folder.blocks(path, data))
    return packer.finish(revision, engine.dialect.name, folder.left_out(data))


def _check_places(data: Path, target: Path) -> None:
    if not is_made(data):
        raise InvalidRequest(
            f"In {data} liegt keine Installation. Nennen Sie ihren Ordner mit --data.",
            f"There is no installation in {data}. Name its folder with --data.",
        )
    if target.resolve().is_relative_to(data.resolve()):
        raise InvalidRequest(
            f"{target} liegt im Datenordner selbst; eine Sicherung gehört auf einen anderen Datenträger.",
            f"{target} lies in the data folder itself; a backup belongs on another disk.",
        )
    if not target.absolute().parent.is_dir():
        raise InvalidRequest(
            f"Den Ordner {target.absolute().parent} gibt es nicht.",
            f"There is no folder {target.absolute().parent}.",
        )


@contextmanager
def _draft(target: Path) -> Iterator[BinaryIO]:
    """A file beside `target` that takes its name when all of it is on the disk; gone when anything fails."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
