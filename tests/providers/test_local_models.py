"""Weights are installed whole, checked and named, or not at all."""

import hashlib
import json
import re
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from leitstand.cli.main import run
from leitstand.providers import download as downloads
from leitstand.providers.local_models import ModelRefused, UnknownModel, find, install, installed, remove

WEIGHTS = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + bytes(range(256)) * 4000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


class Hub(ThreadingHTTPServer):
    """Serves WEIGHTS with ranges. cuts: how many answers break off half-way."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.cuts = 0
        self.etag = '"v1"'
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is part of these tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = self.headers.get("range")
        self.server.asked.append((self.path, wanted))
        if self.path.startswith("/org/"):
            self.send_response(302)
            self.send_header("location", "/cdn/model.gguf?signature=geheim")
            self.send_header("content-length", "0")
            return self.end_headers()
        if "missing" in self.path:
            return self.send_error(404)
        begin = 0
        if wanted and self.headers.get("if-range") == self.server.etag:
            begin = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))
            self.send_response(206)
            self.send_header("content-range", f"bytes {begin}-{len(WEIGHTS) - 1}/{len(WEIGHTS)}")
        else:
            self.send_response(200)
        body = WEIGHTS[begin:]
        self.send_header("etag", self.server.etag)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.server.cuts:
            self.server.cuts -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return None
        self.wfile.write(body)
        return None

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(WEIGHTS)
    return path


async def test_a_local_file_is_installed_with_its_facts(weights: Path, tmp_path: Path) -> None:
    model = await install(str(weights), tmp_path, sha256=SHA256.upper(), licence='Apache-2.0 "ö"')
    assert installed(tmp_path) == [model] == [find("tiny", tmp_path)]
    assert (model.sha256, model.size_bytes, model.licence) == (SHA256, len(WEIGHTS), 'Apache-2.0 "ö"')
    assert model.path.read_bytes() == WEIGHTS


async def test_a_cut_download_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.cuts = 2
    model = await install(f"{hub.url}/model.gguf", tmp_path, sha256=SHA256)
    ranges = [wanted for _, wanted in hub.asked]
    assert ranges == [None, f"bytes={len(WEIGHTS) // 2}-", f"bytes={len(WEIGHTS) - len(WEIGHTS) // 4}-"]
    assert model.path.read_bytes() == WEIGHTS
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["model.gguf", "model.toml"]


async def test_a_download_of_another_version_starts_anew(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.gguf.part").write_bytes(b"old" * 100)
    url = f"{hub.url}/model.gguf"
    (folder / "model.gguf.part.json").write_text(json.dumps({"url": url, "version": '"v0"'}))
    assert (await install(url, tmp_path)).sha256 == SHA256


async def test_the_hub_is_asked_by_its_own_scheme_and_signatures_are_not_kept(
    hub: Hub, tmp_path: Path
) -> None:
    model = await install("hub:org/repo/sub/model.gguf@v2", tmp_path, hub=hub.url)
    assert [path for path, _ in hub.asked] == [
        "/org/repo/resolve/v2/sub/model.gguf",
        "/cdn/model.gguf?signature=geheim",
    ]
    assert "geheim" not in model.path.with_suffix(".toml").read_text()


async def test_a_wrong_hash_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="SHA-256"):
        await install(f"{hub.url}/model.gguf", tmp_path, sha256="0" * 64)
    assert list((tmp_path / "models").iterdir()) == []


async def test_a_wrong_file_never_replaces_a_right_one(weights: Path, tmp_path: Path) -> None:
    model = await install(str(weights), tmp_path)
    (tmp_path / "bad.gguf").write_bytes(b"PK\3\4" * 100)
    with pytest.raises(ModelRefused, match="GGUF"):
        await install(str(tmp_path / "bad.gguf"), tmp_path, name="tiny")
    assert find("tiny", tmp_path) == model
    assert model.path.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("header", "word"),
    [((b"GGUF", 1, 1, 0), "version 1"), ((b"GGUF", 3, 0, 5), "vocabulary"), ((b"GGML", 3, 1, 0), "no GGUF")],
)
async def test_unusable_weights_are_refused(tmp_path: Path, header: tuple, word: str) -> None:
    (tmp_path / "x.gguf").write_bytes(struct.pack("<4sIQQ", *header))
    with pytest.raises(ModelRefused, match=word):
        await install(str(tmp_path / "x.gguf"), tmp_path)


@pytest.mark.parametrize(
    ("source", "options", "word"),
    [
        ("/nowhere/x.gguf", {}, "no file"),
        ("hub:org/repo", {}, "hub:ORG/REPO/FILE"),
        ("hub:org/repo/../../x.gguf", {}, "hub:ORG/REPO/FILE"),
        ("x.gguf", {"name": "../x"}, "name of a model"),
        ("x.gguf", {"sha256": "abc"}, "64 hexadecimal"),
    ],
)
async def test_a_wrong_request_is_named(tmp_path: Path, source: str, options: dict, word: str) -> None:
    with pytest.raises(ModelRefused, match=word):
        await install(source, tmp_path, **options)


async def test_a_missing_address_is_an_error_with_its_status(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="404"):
        await install(f"{hub.url}/missing.gguf", tmp_path)


async def test_a_full_disk_is_seen_before_the_download(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "SPARE_BYTES", 1 << 60)
    with pytest.raises(ModelRefused, match="not enough space"):
        await install(f"{hub.url}/model.gguf", tmp_path)


async def test_a_removed_model_is_gone(weights: Path, tmp_path: Path) -> None:
    await install(str(weights), tmp_path)
    remove("tiny", tmp_path)
    with pytest.raises(UnknownModel, match="none yet"):
        find("tiny", tmp_path)


def test_the_command_installs_lists_and_removes(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path / "data")]
    assert (
        run(["model", "install", str(weights), "--name", "m", "--sha256", SHA256, *data], lambda: None) == 0
    )
    capsys.readouterr()
    assert run(["model", "list", "--json", *data], lambda: None) == 0
    assert json.loads(capsys.readouterr().out)[0]["sha256"] == SHA256
    assert run(["model", "remove", "m", *data], lambda: None) == 0
    assert run(["model", "remove", "m", *data], lambda: None) == 2
    assert run(["model", "install", "/nowhere", *data], lambda: None) == 1
