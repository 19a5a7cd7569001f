"""Blobs in a bucket of an S3-compatible store: Amazon, MinIO, Ceph, Hetzner, IONOS, STACKIT and the like.

Parts of 8 MiB go out while the blob is still written, a few at a time; the last request makes them one object. Every
part is signed with its SHA-256, so the store refuses what a network damaged.
"""

import contextlib
import io
import queue
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from leitstand.core.errors import Refusal
from leitstand.store.blobs.values import Blob, BlobMissing, BlobRefused, BlobsAway, checked, missing

if TYPE_CHECKING:
    from obstore.store import S3Store

_PART_BYTES = 8 << 20
_PARTS_AT_ONCE = 3
_AHEAD = 8  # pieces of at most a MiB that a writer may be ahead of the network
_BUFFER_BYTES = 1 << 20
_RETRIES = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_PATIENCE = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=30),
    "timeout": timedelta(hours=12),  # of one whole transfer; a silent one is ended by read_timeout
}
_CLOSED_DOORS = (
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "403 Forbidden",
    "401 Unauthorized",
)

Result = TypeVar("Result")


class BucketBlobs:
    """Blobs of one bucket, below a prefix. Opens a connection on first use."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str = "",
        region: str = "",
        key: tuple[str, str] | None = None,
    ) -> None:
        """endpoint: of a store other than Amazon's. key: its id and secret; None: what the environment, a web identity
        or the machine's own role grants."""
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket, self._prefix = bucket, prefix
        self._options: dict[str, Any] = {
            **({"endpoint": endpoint} if endpoint else {}),
            "region": region or "us-east-1",
            **({"access_key_id": key[0], "secret_access_key": key[1]} if key else {}),
        }
        self._plain = endpoint.startswith("http://")
        self._opened: S3Store | None = None

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """See Blobs."""
        upload = _Upload(lambda pieces: self._put(checked(name), pieces))
        out = io.BufferedWriter(upload, _BUFFER_BYTES)
        try:
            yield out
            out.flush()
        except BaseException:
            upload.abandon()
            raise
        upload.finish()

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """See Blobs."""
        import obstore

        def begin() -> Iterator[bytes]:
            return iter(obstore.get(self._store(), checked(name)).stream(min_chunk_size=_BUFFER_BYTES))

        pieces = self._ask(begin, name)
        yield io.BufferedReader(_Download(lambda: self._ask(lambda: next(pieces, b""), name)), _BUFFER_BYTES)

    def look(self, name: str) -> Blob | None:
        """See Blobs."""
        import obstore

        try:
            found = self._ask(lambda: obstore.head(self._store(), checked(name)), name)
        except BlobMissing:
            return None
        return _blob(dict(found))

    def remove(self, name: str) -> None:
        """See Blobs."""
        import obstore

        if self.look(name) is not None:
            self._ask(lambda: obstore.delete(self._store(), checked(name)), name)

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """See Blobs. The store names a thousand at a time; names come in the order of their bytes."""
        import obstore

        pages = self._ask(lambda: iter(obstore.list(self._store())), prefix)
        while page := self._ask(lambda: next(pages, None), prefix):
            for found in page:
                blob = _blob(dict(found))
                if blob.name.startswith(prefix):
                    yield blob

    def _put(self, name: str, pieces: Iterator[bytes]) -> None:
        import obstore

        self._ask(
            lambda: obstore.put(
                self._store(), name, pieces, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            ),
            name,
        )

    def _store(self) -> "S3Store":
        if self._opened is None:
            from obstore.store import S3Store

            client: Any = {**_PATIENCE, "allow_http": self._plain}
            retries: Any = _RETRIES
            self._opened = S3Store(
                self._bucket, prefix=self._prefix or None, client_options=client, retry_config=retries,
                **self._options,
            )  # fmt: skip
        return self._opened

    def _ask(self, act: Callable[[], Result], name: str) -> Result:
        """Do it, with the store's faults as ours."""
        from obstore.exceptions import BaseError

        try:
            return act()
        except FileNotFoundError as cause:
            if "NoSuchBucket" in str(cause):
                raise self._no_bucket() from cause
            raise missing(self.address, name) from cause
        except (BaseError, ValueError) as cause:
            raise self._fault(str(cause)) from cause

    def _fault(self, text: str) -> Refusal:
        if "NoSuchBucket" in text:
            return self._no_bucket()
        if any(word in text for word in _CLOSED_DOORS) or "CredentialsNotLoaded" in text:
            return BlobRefused(
                f"Der Objektspeicher {self.address} lehnt die Zugangsdaten ab. Prüfen Sie LEITSTAND_S3_KEY_ID und "
                "LEITSTAND_S3_SECRET und die Rechte auf den Bucket (lesen, schreiben, löschen, auflisten).",
                f"The object store {self.address} refuses the credentials. Check LEITSTAND_S3_KEY_ID and "
                "LEITSTAND_S3_SECRET, and the rights on the bucket (read, write, delete, list).",
            )
        first_line = text.partition("\n")[0][:200]
        return BlobsAway(
            f"Der Objektspeicher {self.address} ist nicht erreichbar oder brach ab: {first_line}",
            f"The object store {self.address} cannot be reached, or broke off: {first_line}",
            retry_after_s=30,
        )

    def _no_bucket(self) -> BlobRefused:
        return BlobRefused(
            f"Den Bucket „{self._bucket}“ gibt es dort nicht. Legen Sie ihn an, oder prüfen Sie endpoint und region.",
            f"There is no bucket '{self._bucket}'. Create it, or check endpoint and region.",
        )


class _Abandoned(Exception):
    """Whoever wrote has failed; the upload is to leave nothing."""


class _Upload(io.RawIOBase):
    """A file to write to, whose pieces another thread sends: the library takes them from an iterator."""

    def __init__(self, put: Callable[[Iterator[bytes]], None]) -> None:
        self._pieces: queue.Queue[bytes | _Abandoned | None] = queue.Queue(_AHEAD)
        self._fault: Exception | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, args=(put,), name="blob-upload", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        """Hand over a piece; raises what the upload has met meanwhile."""
        if not self._abandoned:  # the buffer in front of it writes what it holds once more when it goes
            self._hand(bytes(piece))
        return len(piece)

    def finish(self) -> None:
        """All is written: wait until the object is there."""
        self._hand(None)
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def abandon(self) -> None:
        """End it without an object; parts that are there already are taken away by the library."""
        self._abandoned = True
        with contextlib.suppress(Refusal, _Abandoned):
            self._hand(_Abandoned())
        self._thread.join()

    def _hand(self, piece: bytes | _Abandoned | None) -> None:
        while True:
            if self._fault is not None:
                raise self._fault
            try:
                self._pieces.put(piece, timeout=0.2)
                return
            except queue.Full:
                continue

    def _run(self, put: Callable[[Iterator[bytes]], None]) -> None:
        try:
            put(self._taken())
        except Exception as cause:  # noqa: BLE001 - a border: the writer's thread raises it
            self._fault = cause

    def _taken(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            if isinstance(piece, _Abandoned):
                raise piece
            yield piece


class _Download(io.RawIOBase):
    """A file to read from, whose bytes come piece by piece."""

    def __init__(self, next_piece: Callable[[], bytes]) -> None:
        self._next_piece = next_piece
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        """Fill `room` as far as the piece at hand reaches; 0 at the end."""
        if not self._piece:
            self._piece = memoryview(self._next_piece())
        size = min(len(room), len(self._piece))
        room[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size


def _blob(found: dict[str, Any]) -> Blob:
    return Blob(found["path"], found["size"], int(found["last_modified"].timestamp() * 1_000_000))
