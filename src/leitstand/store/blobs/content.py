"""Blobs named by what is in them: the same bytes are kept once, and changed ones are noticed."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator

from leitstand.core.errors import InvalidRequest
from leitstand.store.blobs.values import Blobs

_IN_MEMORY_BYTES = 8 << 20
_BLOCK_BYTES = 1 << 20


class BlobDamaged(InvalidRequest):
    """What is kept is not what was put there."""


class ContentBlobs:
    """Puts and gets by SHA-256, in a store of blobs."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def put(self, pieces: Iterable[bytes]) -> str:
        """Keep a content and return its digest (64 hexadecimal digits); what is kept already is not sent again."""
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as draft:
            for piece in pieces:
                digest.update(piece)
                draft.write(piece)
            name = digest.hexdigest()
            if not self.exists(name):
                draft.seek(0)
                with self._blobs.writing(_place(name)) as out:
                    while block := draft.read(_BLOCK_BYTES):
                        out.write(block)
        return name

    def get(self, digest: str) -> Iterator[bytes]:
        """The content in pieces; raises BlobMissing, and BlobDamaged at the end where it is not the one put."""
        seen = hashlib.sha256()
        with self._blobs.reading(_place(digest)) as source:
            while block := source.read(_BLOCK_BYTES):
                seen.update(block)
                yield block
        if seen.hexdigest() != digest:
            raise BlobDamaged(
                f"Der Inhalt {digest[:12]}… in {self._blobs.address} ist beschädigt. Spielen Sie ihn aus einer Sicherung zurück.",
                f"The content {digest[:12]}… in {self._blobs.address} is damaged. Restore it from a backup.",
            )

    def exists(self, digest: str) -> bool:
        """Whether it is kept."""
        return self._blobs.look(_place(digest)) is not None

    def delete(self, digest: str) -> None:
        """Take it away, whoever else put the same."""
        self._blobs.remove(_place(digest))

    def list(self) -> Iterator[str]:
        """All digests, in order."""
        for blob in self._blobs.list("sha256/"):
            yield blob.name.rpartition("/")[2]


def _place(digest: str) -> str:
    return f"sha256/{digest[:2]}/{digest}"
