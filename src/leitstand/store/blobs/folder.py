"""Blobs in a folder: a draft beside the name, on the disk, and only then the name."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leitstand.core.errors import InvalidRequest
from leitstand.store.blobs.values import Blob, checked, missing

_DRAFT = ".part"


class FolderBlobs:
    """Blobs below one folder, which must be there: a disk that is not mounted must not be filled up beneath."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        """Its path."""
        return str(self.folder)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """See Blobs; readable by the owner only."""
        target = self._path(name)
        if not self.folder.is_dir():
            raise InvalidRequest(
                f"Den Ordner {self.folder} gibt es nicht.", f"There is no folder {self.folder}."
            )
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_DRAFT}")
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
        _sync(target.parent)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """See Blobs."""
        try:
            file = self._path(name).open("rb")
        except FileNotFoundError as cause:
            raise missing(self.address, name) from cause
        with file:
            yield file

    def look(self, name: str) -> Blob | None:
        """See Blobs."""
        try:
            found = self._path(name).stat()
        except FileNotFoundError:
            return None
        return Blob(name, found.st_size, found.st_mtime_ns // 1000)

    def remove(self, name: str) -> None:
        """See Blobs."""
        self._path(name).unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """See Blobs; drafts and hidden files are none."""
        names = sorted(
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
        )
        for name in names:
            hidden = name.startswith(".") or "/." in name
            if name.startswith(prefix) and not hidden and (blob := self.look(name)) is not None:
                yield blob

    def _path(self, name: str) -> Path:
        return self.folder / checked(name)


def _sync(folder: Path) -> None:
    """Make a new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
