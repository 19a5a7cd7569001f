"""Both stores of blobs keep the same promises; an object store's faults are told in sentences."""

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leitstand.core.errors import InvalidRequest
from leitstand.store.blobs.address import open_blobs, place_of
from leitstand.store.blobs.bucket import BucketBlobs
from leitstand.store.blobs.content import BlobDamaged, ContentBlobs
from leitstand.store.blobs.folder import FolderBlobs
from leitstand.store.blobs.values import BlobMissing, BlobRefused, Blobs, BlobsAway
from support.object_store import BUCKET, REGION, ObjectStore

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with ObjectStore() as store:
        yield store


def bucket(store: ObjectStore, name: str = BUCKET, port: int | None = None) -> BucketBlobs:
    endpoint = f"http://127.0.0.1:{port or store.port}"
    return BucketBlobs(name, f"test-{next(_NUMBERS)}", endpoint=endpoint, region=REGION, key=("id", "secret"))


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path)
    return bucket(request.getfixturevalue("store"))


def put(blobs: Blobs, name: str, content: bytes) -> None:
    with blobs.writing(name) as out:
        out.write(content)


def get(blobs: Blobs, name: str) -> bytes:
    with blobs.reading(name) as source:
        return source.read()


# ------------------------------------------------------------ what both promise


def test_what_was_written_is_read_again(blobs: Blobs) -> None:
    content = os.urandom(9 << 20)  # more than one part
    with blobs.writing("a/b.backup") as out:
        for start in range(0, len(content), 700_000):
            out.write(content[start : start + 700_000])
    assert get(blobs, "a/b.backup") == content
    found = blobs.look("a/b.backup")
    assert found is not None
    assert (found.name, found.size_bytes) == ("a/b.backup", len(content))
    with blobs.reading("a/b.backup") as source:
        assert [source.read(5), source.read(3)] == [content[:5], content[5:8]]


def test_an_empty_blob_is_one(blobs: Blobs) -> None:
    put(blobs, "leer", b"")
    assert get(blobs, "leer") == b""


def test_a_writer_that_fails_leaves_what_was_there(blobs: Blobs) -> None:
    put(blobs, "x", b"old")

    def fail() -> None:
        with blobs.writing("x") as out:
            out.write(os.urandom(18 << 20))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert get(blobs, "x") == b"old"
    assert [blob.name for blob in blobs.list()] == ["x"]


def test_a_newer_blob_replaces_the_older(blobs: Blobs) -> None:
    put(blobs, "x", b"old")
    put(blobs, "x", b"new")
    assert get(blobs, "x") == b"new"


def test_what_is_missing_is_told(blobs: Blobs) -> None:
    assert blobs.look("nichts") is None
    with pytest.raises(BlobMissing, match="nichts"):
        get(blobs, "nichts")
    blobs.remove("nichts")


def test_a_removed_blob_is_gone(blobs: Blobs) -> None:
    put(blobs, "x", b"1")
    blobs.remove("x")
    assert blobs.look("x") is None


def test_the_list_is_ordered_and_takes_a_prefix(blobs: Blobs) -> None:
    for name in ("b/2", "a/1", "b/1", "c"):
        put(blobs, name, b"1")
    assert [blob.name for blob in blobs.list()] == ["a/1", "b/1", "b/2", "c"]
    assert [blob.name for blob in blobs.list("b/")] == ["b/1", "b/2"]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../b", ".x", "a/.hidden", "a//b", "a\nb"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, blobs: Blobs) -> None:
    with pytest.raises(InvalidRequest), blobs.writing(name):
        pass


# ------------------------------------------------------------ by content


def test_the_same_content_is_kept_once_and_under_its_digest(blobs: Blobs) -> None:
    contents = ContentBlobs(blobs)
    digest = contents.put(["Grüße".encode(), b" aus Ulm"])
    assert contents.put([b"Gr\xc3\xbc\xc3\x9fe aus Ulm"]) == digest
    assert b"".join(contents.get(digest)) == "Grüße aus Ulm".encode()
    assert list(contents.list()) == [digest]
    contents.delete(digest)
    assert not contents.exists(digest)


def test_a_damaged_content_is_noticed(blobs: Blobs) -> None:
    contents = ContentBlobs(blobs)
    digest = contents.put([b"true"])
    put(blobs, f"sha256/{digest[:2]}/{digest}", b"forged")
    with pytest.raises(BlobDamaged):
        list(contents.get(digest))


# ------------------------------------------------------------ addresses


def test_an_address_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_blobs(str(tmp_path)), FolderBlobs)
    assert open_blobs("s3://b/a/c?endpoint=https://s3.example&region=x").address == "s3://b/a/c"
    assert str(place_of("s3://b/a/c.backup")) == "s3://b/a/c.backup"
    monkeypatch.setenv("LEITSTAND_BLOBS", "s3://b/leitstand?endpoint=https://s3.example")
    assert str(place_of("blobs:montag.backup")) == "s3://b/leitstand/montag.backup"


@pytest.mark.parametrize(
    "address",
    ["s3://", "s3:///x", "s3://bucket", "s3://b/x?endpont=https://s3.example", "s3://b/x?endpoint=s3.example",
     "s3://id:secret@b/x", "blobs:x"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_with_an_example(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEITSTAND_BLOBS", raising=False)
    with pytest.raises(InvalidRequest, match="Example"):
        place_of(address)


def test_half_of_the_credentials_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEITSTAND_S3_KEY_ID", "id")
    with pytest.raises(InvalidRequest, match="LEITSTAND_S3_SECRET"):
        open_blobs("s3://b/x")


# ------------------------------------------------------------ an object store's faults


def test_wrong_credentials_are_told_with_what_to_check(store: ObjectStore) -> None:
    ours = bucket(store)
    put(ours, "x", b"1")
    store.check_accounts(True)
    try:
        for act in (lambda: put(ours, "y", b"1"), lambda: get(ours, "x"), lambda: list(ours.list())):
            with pytest.raises(BlobRefused, match="LEITSTAND_S3_KEY_ID"):
                act()
        with pytest.raises(BlobRefused, match="LEITSTAND_S3_KEY_ID"):
            ours.look("x")
    finally:
        store.check_accounts(False)


def test_a_bucket_that_is_not_there_is_told(store: ObjectStore) -> None:
    nowhere = bucket(store, "gibtesnicht")
    for act in (lambda: put(nowhere, "y", b"1"), lambda: get(nowhere, "x"), lambda: list(nowhere.list())):
        with pytest.raises(BlobRefused, match="gibtesnicht"):
            act()


def test_a_store_that_is_away_is_told(store: ObjectStore) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        away = bucket(store, port=unheard.getsockname()[1])
        with pytest.raises(BlobsAway):
            put(away, "y", os.urandom(30 << 20))
        with pytest.raises(BlobsAway):
            get(away, "y")


class Cutting:
    """A TCP relay in front of the store that cuts connections after so many bytes, the first `cuts` of them."""

    def __init__(
        self, port: int, cuts: int = 0, after_bytes: int = 0, *, answers: bool = False, page: int = 0
    ) -> None:
        """answers: cut what comes back, not what goes there. page: lists come in so few names at a time."""
        self._target, self._left, self._after, self._answers = port, cuts, after_bytes, answers
        self._page = page
        self.cut = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Cutting":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0.01))  # closed transports let go of their sockets
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, counted: bool) -> None:
            passed = 0
            while block := await source.read(1 << 16):
                passed += len(block)
                if counted and passed > self._after and self._left:
                    self._left -= 1
                    self.cut += 1
                    break
                if self._page:
                    block = block.replace(b"?list-type=2", b"?max-keys=%d&list-type=2" % self._page)
                sink.write(block)
                await sink.drain()
            for one in (writer, up_writer):
                one.close()

        try:
            await asyncio.gather(
                pump(reader, up_writer, not self._answers), pump(up_reader, writer, self._answers)
            )
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, up_writer):
                one.close()


@pytest.mark.parametrize("answers", [False, True], ids=["upload", "download"])
def test_a_cut_connection_is_tried_again_and_nothing_is_lost(store: ObjectStore, answers: bool) -> None:
    content = os.urandom(20 << 20)
    with Cutting(store.port, 2, 3 << 20, answers=answers) as relay:
        ours = bucket(store, port=relay.port)
        put(ours, "x", content)
        assert get(ours, "x") == content
        assert relay.cut == 2


def test_a_list_of_several_pages_is_read_to_its_end(store: ObjectStore) -> None:
    with Cutting(store.port, page=3) as relay:
        ours = bucket(store, port=relay.port)
        for number in range(10):
            put(ours, f"n{number}", b"1")
        assert [blob.name for blob in ours.list()] == [f"n{number}" for number in range(10)]


@pytest.mark.long
def test_a_list_of_more_than_a_thousand_is_read_to_its_end(store: ObjectStore) -> None:
    ours = bucket(store)
    prefix, client = ours.address.rpartition("/")[2], store.client
    for number in range(1005):
        client.put_object(Bucket=BUCKET, Key=f"{prefix}/n{number:04d}", Body=b"1")
    assert [blob.name for blob in ours.list()] == [f"n{number:04d}" for number in range(1005)]


_BIG = """
import resource, sys
from leitstand.store.blobs.address import place_of
place, megabytes = place_of(sys.argv[1]), int(sys.argv[2])
with place.blobs.writing(place.name) as out:
    out.write(bytes(1 << 20))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with place.blobs.writing(place.name) as out:
    for number in range(megabytes):
        out.write(number.to_bytes(4) * (1 << 18))
with place.blobs.reading(place.name) as source:
    for number in range(megabytes):
        assert source.read(1 << 20) == number.to_bytes(4) * (1 << 18), number
    assert source.read(1) == b""
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("megabytes", [40, pytest.param(200, marks=pytest.mark.long)])
def test_a_big_blob_passes_in_bounded_memory(store: ObjectStore, megabytes: int) -> None:
    environment = {**os.environ, "LEITSTAND_S3_KEY_ID": "id", "LEITSTAND_S3_SECRET": "secret"}
    done = subprocess.run(
        [sys.executable, "-c", _BIG, store.address("gross"), str(megabytes)],
        capture_output=True, text=True, timeout=300, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    grown_mib = int(done.stdout) // 1024
    assert grown_mib < 110  # four parts of 8 MiB under way, on both sides of the library, whatever the size
