"""Make a backup while the server goes on: one moment of the database, all files, sealed as they are read.

    spool ─▶ snapshot of the database ─▶ tables ─▶ files ─▶ manifest ─▶ on the disk under its name

Memory is bounded by a chunk, a batch of rows and a segment of the spool, whatever the size of the installation.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from leitstand import __version__
from leitstand.backup import folder, repository
from leitstand.backup.envelope import Sealing
from leitstand.backup.keys import Locks
from leitstand.backup.parts import Manifest, Packer
from leitstand.core.errors import InvalidRequest
from leitstand.store.blobs.address import Place, place_of
from leitstand.store.blobs.folder import FolderBlobs
from leitstand.store.engine import is_made, open_engine
from leitstand.store.migrate import pending


class Made(NamedTuple):
    """A backup that is kept. created: the moment that it shows, ISO 8601."""

    place: Place
    created: str
    size_bytes: int
    manifest: Manifest


def create(data: Path, target: Path | Place, lock: Locks) -> Made:
    """Back up the installation in `data` into `target`, a file or a blob, which appears whole or not at all.

    An older one of that name is replaced. Every record that was acknowledged before the call is in it.
    Raises InvalidRequest when there is nothing to back up, the place is unfit or the database fails, BlobsAway, OSError.
    """
    place = place_of(target) if isinstance(target, Path) else target
    _check_places(data, place)
    folder.clear_scratch(data)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    with (
        repository.told_plainly(),
        place.blobs.writing(place.name) as out,
        Sealing(out, lock, created, __version__) as sealing,
    ):
        manifest = _pack(data, Packer(sealing))
    kept = place.blobs.look(place.name)
    return Made(place, created, kept.size_bytes if kept else 0, manifest)


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


def _check_places(data: Path, place: Place) -> None:
    if not is_made(data):
        raise InvalidRequest(
            f"In {data} liegt keine Installation. Nennen Sie ihren Ordner mit --data.",
            f"There is no installation in {data}. Name its folder with --data.",
        )
    if isinstance(place.blobs, FolderBlobs) and place.blobs.folder.resolve().is_relative_to(data.resolve()):
        raise InvalidRequest(
            f"{place} liegt im Datenordner selbst; eine Sicherung gehört auf einen anderen Datenträger.",
            f"{place} lies in the data folder itself; a backup belongs on another disk.",
        )
