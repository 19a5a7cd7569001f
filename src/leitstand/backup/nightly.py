"""Backups in a folder: their names, what seals and opens them, and which are old enough to go."""

import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from leitstand.backup.keys import Locks, Passphrase, Recipient
from leitstand.backup.state import State
from leitstand.configuration.models import Backup
from leitstand.configuration.secrets import SecretMissing, SecretResolver
from leitstand.core.errors import InvalidRequest
from leitstand.core.i18n import Bilingual
from leitstand.core.sealing import Sealer

_NAME = re.compile(r"leitstand-\d{4}-\d{2}-\d{2}-\d{6}\.backup")


class Kept(NamedTuple):
    """A backup in the folder."""

    path: Path
    size_bytes: int
    changed_s: float


class Shelf(NamedTuple):
    """The folder as people see it. folder: "" where none is set; fault: why it cannot be read, or None."""

    folder: str
    files: tuple[Kept, ...]
    fault: Bilingual | None
    state: State


def shelf(rules: Backup, state: State) -> Shelf:
    """What lies in the folder of the rules. Blocking."""
    if rules.folder is None:
        return Shelf("", (), None, state)
    try:
        return Shelf(rules.folder, tuple(kept(Path(rules.folder))), None, state)
    except InvalidRequest as refused:
        return Shelf(rules.folder, (), Bilingual(refused.de, refused.en), state)


def target(folder: Path, due: datetime) -> Path:
    """The file of a run; the same for its second try."""
    return folder / f"leitstand-{due:%Y-%m-%d-%H%M%S}.backup"


def kept(folder: Path) -> list[Kept]:
    """The backups there that we named, newest first; raises InvalidRequest when the folder cannot be read."""
    try:
        found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_file()]
        sizes = [(path, path.stat()) for path in found]
    except OSError as cause:
        raise InvalidRequest(
            f"Der Ordner {folder} lässt sich nicht lesen: {cause.strerror}. Ist der Datenträger eingehängt?",
            f"The folder {folder} cannot be read: {cause.strerror}. Is its disk mounted?",
        ) from cause
    files = [Kept(path, facts.st_size, facts.st_mtime) for path, facts in sizes]
    return sorted(files, key=lambda each: each.path.name, reverse=True)


def remove_old(folder: Path, keep: int, good: Path) -> list[str]:
    """Remove all but the newest `keep`; the names of those removed. good: the new one that was read to its end.

    Only what is older than it goes, so the last good one always stays.
    """
    gone = []
    for each in kept(folder)[keep:]:
        if each.path.name < good.name:
            each.path.unlink(missing_ok=True)
            gone.append(each.path.name)
    return gone


def locking(rules: Backup, engine: Engine, sealer: Sealer) -> Locks:
    """What seals a backup; raises InvalidRequest."""
    if rules.recipient is not None:
        return Recipient.parse(rules.recipient)
    return opening(rules, engine, sealer)


def opening(rules: Backup, engine: Engine, sealer: Sealer) -> Passphrase:
    """What opens it; raises InvalidRequest where this server has nothing that does."""
    if rules.passphrase is None:
        raise InvalidRequest(
            "Mit einem Empfängerschlüssel kann dieser Server seine Sicherungen nicht öffnen. Prüfen Sie sie dort, wo die "
            "Schlüsseldatei liegt: leitstand backup DATEI --drill --identity SCHLÜSSELDATEI.",
            "With a recipient's key this server cannot open its backups. Prove them where the key file is: "
            "leitstand backup FILE --drill --identity KEYFILE.",
        )
    try:
        return Passphrase(SecretResolver(engine, sealer).resolve(rules.passphrase).strip())
    except SecretMissing as missing:
        raise InvalidRequest(missing.de, missing.en) from missing
