"""Bring a backup back: proven as a whole first, built beside, checked, and only then put in its place.

    prove the file ─▶ empty place? ─▶ build in DATA/.restoring ─▶ migrate ─▶ drain the spool ─▶ verify ─▶ move

Wherever it fails, the data folder is as empty as before, and so is a shared database.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sqlalchemy import Engine

from leitstand.backup import repository
from leitstand.backup.envelope import BrokenBackup, Opening
from leitstand.backup.keys import Opens
from leitstand.backup.parts import Block, Manifest, Part, unpack
from leitstand.backup.tell import tell
from leitstand.core.errors import InvalidRequest
from leitstand.journal import chain
from leitstand.journal.chain import Signer
from leitstand.journal.verify import Verdict, verify
from leitstand.journal.writer import Writer
from leitstand.store.blobs.address import Place, place_of
from leitstand.store.engine import is_shared, open_engine
from leitstand.store.migrate import migrate, migrate_to, revisions

RESTORING = ".restoring"
_HARMLESS = {"lost+found"}  # of a fresh volume


class Restored(NamedTuple):
    """What was brought back. created: of the backup, ISO 8601; verdict: on the journal."""

    created: str
    manifest: Manifest
    verdict: Verdict


def prove(source: Path | Place, key: Opens) -> tuple[str, Manifest]:
    """Read a backup to its end and believe it or not; its date and manifest. Writes nothing.

    Raises BrokenBackup, WrongBackupKey, InvalidRequest.
    """
    with _opened(source, key) as content:
        for item in unpack(content):
            if isinstance(item, Manifest):
                return content.header.created, item
    raise AssertionError("unpack ends with the manifest")


def restore(source: Path | Place, data: Path, key: Opens) -> Restored:
    """Restore into `data`, which must be empty or not there; LEITSTAND_DATABASE, if set, names an empty database.

    Raises BrokenBackup, WrongBackupKey, InvalidRequest (the place is not empty, the keys do not fit, the backup is of
    a newer version, the database fails), OSError.
    """
    created, manifest = prove(source, key)
    _require_room(data, manifest)
    with _staging(data) as staging:
        with _opened(source, key) as content:
            engine = open_engine(staging)
            try:
                _require_empty(engine)
                with repository.told_plainly(), _undone(engine):
                    _build(staging, engine, content, manifest)
                    verdict = _finish(staging, engine, created, manifest)
            finally:
                engine.dispose()
        _move(staging, data)
    return Restored(created, manifest, verdict)


# ------------------------------------------------------------ the place


def _require_room(data: Path, manifest: Manifest) -> None:
    present = {path.name for path in data.iterdir()} - _HARMLESS if data.is_dir() else set()
    if present or (data.exists() and not data.is_dir()):
        raise InvalidRequest(
            f"{data} ist nicht leer. Eine Sicherung wird nur in einen leeren Ordner zurückgespielt: benennen Sie den "
            "alten um oder nennen Sie mit --data einen anderen.",
            f"{data} is not empty. A backup is only restored into an empty folder: rename the old one, or name "
            "another with --data.",
        )
    if manifest.revision not in revisions():
        raise InvalidRequest(
            "Die Sicherung stammt von einer neueren Version von Leitstand. Installieren Sie diese zuerst.",
            "The backup was made by a newer version of Leitstand. Install that version first.",
        )


def _require_empty(engine: Engine) -> None:
    if is_shared(engine) and not repository.is_empty(engine):
        raise InvalidRequest(
            "Die Datenbank aus LEITSTAND_DATABASE ist nicht leer. Legen Sie eine neue an.",
            "The database of LEITSTAND_DATABASE is not empty. Make a new one.",
        )


@contextmanager
def _staging(data: Path) -> Iterator[Path]:
    """A folder inside the data folder, so that it is on the same disk, a mounted volume too."""
    made = not data.exists()
    staging = data / RESTORING
    staging.mkdir(parents=True, mode=0o700)
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        if made:
            with suppress(OSError):
                data.rmdir()
        raise


@contextmanager
def _undone(engine: Engine) -> Iterator[None]:
    """Empty a shared database again when the restore fails; a folder's own goes with its staging."""
    try:
        yield
    except BaseException:
        if is_shared(engine):
            repository.remove_everything(engine)
        raise


def _move(staging: Path, data: Path) -> None:
    for path in sorted(staging.iterdir()):
        path.rename(data / path.name)
    staging.rmdir()
    data.chmod(0o700)


# ------------------------------------------------------------ the content


@contextmanager
def _opened(source: Path | Place, key: Opens) -> Iterator[Opening]:
    place = place_of(source) if isinstance(source, Path) else source
    with ExitStack() as stack:
        try:
            file = stack.enter_context(place.blobs.reading(place.name))
        except OSError as cause:
            raise InvalidRequest(
                f"Die Sicherung {place} lässt sich nicht lesen: {cause.strerror}.",
                f"The backup {place} cannot be read: {cause.strerror}.",
            ) from cause
        yield Opening(file, key)


def _build(staging: Path, engine: Engine, content: Opening, manifest: Manifest) -> None:
    """Write all files, and all rows into tables of the backup's own step of the schema."""
    migrate_to(engine, manifest.revision)
    with engine.begin() as connection:
        loading = repository.Loading(connection)
        for item in unpack(content):
            if isinstance(item, Part):
                _open_part(staging, loading, item)
            elif isinstance(item, Block) and item.part.kind == "table":
                loading.add(item.part.name, item.part.columns, item.rows)
            elif isinstance(item, Block):
                with (staging / item.part.name).open("ab") as file:
                    file.write(item.raw)
        for name, rows in manifest.rows.items():
            if loading.count(name) != rows:
                raise BrokenBackup.because(
                    f"die Tabelle {name} ist nicht vollständig", f"its table {name} is not complete"
                )


def _open_part(staging: Path, loading: repository.Loading, part: Part) -> None:
    if part.kind == "table":
        if not loading.knows(part.name, part.columns):
            raise BrokenBackup.because(
                f"die Tabelle {part.name} ist unbekannt", f"its table {part.name} is unknown"
            )
        return
    place = PurePosixPath(part.name)
    if place.is_absolute() or ".." in place.parts:
        raise BrokenBackup.because(
            f"der Pfad {part.name} führt hinaus", f"its path {part.name} leads outside"
        )
    path = staging / place
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=False)


def _finish(staging: Path, engine: Engine, created: str, manifest: Manifest) -> Verdict:
    """Migrate, tell the journal of the restore, bring in what was spooled, and verify all of it."""
    migrate(engine)
    _require_audit_key(staging)
    told: dict[str, object] = {"created": created, "records": manifest.rows.get("journal", 0)}
    tell(staging, "backup.backup.restored", "system", told)
    with Writer(engine, staging / "spool", Signer.load(staging)) as writer:
        writer.drain()
    return verify(staging)


def _require_audit_key(staging: Path) -> None:
    """Whether the keys at hand are those of the backup: without them nothing sealed would open."""
    published = staging / chain.PUBLIC_KEY_FILE
    if published.exists() and Signer.load(staging).public_key != chain.read_public_key(published):
        raise InvalidRequest(
            "Der Hauptschlüssel passt nicht zur Sicherung. Setzen Sie LEITSTAND_MASTER_KEY wie in der gesicherten "
            "Installation, oder löschen Sie die Variable, wenn diese sie nicht hatte.",
            "The master key does not fit the backup. Set LEITSTAND_MASTER_KEY as in the installation that was "
            "backed up, or unset it where that had none.",
        )
