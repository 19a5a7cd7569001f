"""Backups into an object store and back, by the command, with what can go wrong on the way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import IDENTITY, RECIPIENT, build, ids

from leitstand.backup.create import create
from leitstand.backup.envelope import BrokenBackup
from leitstand.backup.restore import restore
from leitstand.core.errors import InvalidRequest
from leitstand.store.blobs.address import place_of
from support.house import leitstand
from support.object_store import BUCKET, ObjectStore


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with ObjectStore() as store:
        yield store


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n")
    monkeypatch.setenv("LEITSTAND_S3_KEY_ID", "konto")
    monkeypatch.setenv("LEITSTAND_S3_SECRET", f"file:{tmp_path / 'secret'}")


def test_the_command_backs_up_lists_proves_and_restores(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "data")
    (tmp_path / "passphrase").write_text("ein langer Satz, den niemand errät\n")
    key = ("--passphrase-file", str(tmp_path / "passphrase"))
    monkeypatch.setenv("LEITSTAND_BLOBS", store.address("nacht"))
    made = leitstand("backup", "blobs:montag.backup", "--json", *key, data=tmp_path / "data")
    told = json.loads(made.stdout)
    assert told["file"] == f"s3://{BUCKET}/nacht/montag.backup"
    assert (
        told["size_bytes"]
        == store.client.head_object(Bucket=BUCKET, Key="nacht/montag.backup")["ContentLength"]
    )
    listed = leitstand("backup", "blobs:", "--list", "--json", data=tmp_path / "data").stdout
    assert [json.loads(line)["name"] for line in listed.splitlines()] == ["montag.backup"]
    whole = store.address("nacht/montag.backup")
    assert leitstand("backup", whole, "--drill", *key, data=tmp_path / "data").returncode == 0
    leitstand("restore", whole, *key, data=tmp_path / "back")
    assert ids(tmp_path / "back")[:12] == [f"req_{number:06d}" for number in range(1, 13)]


def test_a_cut_object_is_no_backup_and_nothing_is_written(store: ObjectStore, tmp_path: Path) -> None:
    build(tmp_path / "data")
    place = place_of(store.address("cut.backup"))
    made = create(tmp_path / "data", place, RECIPIENT)
    body = store.client.get_object(Bucket=BUCKET, Key="cut.backup")["Body"].read()
    store.client.put_object(Bucket=BUCKET, Key="cut.backup", Body=body[: made.size_bytes - 100])
    with pytest.raises(BrokenBackup):
        restore(place, tmp_path / "back", IDENTITY)
    assert not (tmp_path / "back").exists()


def test_a_backup_that_fails_leaves_the_older_one(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "data")
    place = place_of(store.address("alt.backup"))
    size_bytes = create(tmp_path / "data", place, RECIPIENT).size_bytes

    def no_files(_data: Path) -> Iterator[tuple[str, Path]]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("leitstand.backup.folder.files", no_files)
    with pytest.raises(OSError, match="Input/output"):
        create(tmp_path / "data", place, RECIPIENT)
    found = place.blobs.look(place.name)
    assert found is not None
    assert found.size_bytes == size_bytes
    assert "Uploads" not in store.client.list_multipart_uploads(Bucket=BUCKET)


def test_a_backup_that_is_not_there_is_told(store: ObjectStore, tmp_path: Path) -> None:
    done = leitstand("restore", store.address("nie.backup"), "--passphrase-file", "-", data=tmp_path / "back",
                     stdin="x\n", check=False)  # fmt: skip
    assert done.returncode == 2
    assert "nie.backup" in done.stderr
    with pytest.raises(InvalidRequest, match="no folder"):
        create_in_missing(tmp_path)


def create_in_missing(tmp_path: Path) -> None:
    build(tmp_path / "data")
    create(tmp_path / "data", tmp_path / "none" / "b", RECIPIENT)
