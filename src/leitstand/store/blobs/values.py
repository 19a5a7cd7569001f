"""What every store of blobs promises, whatever is behind it.

A blob appears under its name whole or not at all, is read and written as a stream in bounded memory, and stays as it is
until it is replaced or removed.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple, Protocol

from leitstand.core.errors import InvalidRequest, NotFound, Overloaded


class Blob(NamedTuple):
    """One that is there. changed_us: when it took its name."""

    name: str
    size_bytes: int
    changed_us: int


class BlobMissing(NotFound):
    """There is none of that name."""


class BlobRefused(InvalidRequest):
    """The store does not let us in, or lacks the bucket: nothing that a retry mends."""


class BlobsAway(Overloaded):
    """The store cannot be reached, or broke off. A retry helps when it is back."""


class Blobs(Protocol):
    """Blobs by name. Names are relative paths with forward slashes. All calls block."""

    @property
    def address(self) -> str:
        """Where it is, for people; it holds no secret."""
        ...

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Write a blob; leaving the block without an error gives it its name, with one leaves nothing.

        An older one of that name is replaced. Raises BlobRefused, BlobsAway, OSError.
        """
        ...

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Read a blob from its beginning; raises BlobMissing, BlobRefused, BlobsAway (also while it is read), OSError."""
        ...

    def look(self, name: str) -> Blob | None:
        """What is there under that name; raises BlobRefused, BlobsAway."""
        ...

    def remove(self, name: str) -> None:
        """Take it away; one that is not there is no error. Raises BlobRefused, BlobsAway, OSError."""
        ...

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """All whose name begins with `prefix`, by name; raises BlobRefused, BlobsAway."""
        ...


def missing(address: str, name: str) -> BlobMissing:
    """The error for a name under which nothing is."""
    return BlobMissing(f"In {address} liegt kein „{name}“.", f"There is no '{name}' in {address}.")


def checked(name: str) -> str:
    """The name, if it can be one in every store; raises InvalidRequest."""
    path = PurePosixPath(name)
    parts = path.parts
    if (
        not parts
        or path.is_absolute()
        or str(path) != name
        or any(part.startswith(".") for part in parts)
        or not name.isprintable()
    ):
        raise InvalidRequest(
            f"„{name}“ taugt nicht als Name: erlaubt ist ein Pfad ohne führenden Schrägstrich und ohne Teile, die mit "
            "einem Punkt beginnen.",
            f"'{name}' cannot be a name: it takes a path without a leading slash and without parts that begin with a dot.",
        )
    return name
