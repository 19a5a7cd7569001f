"""What is installed from the wheel is the whole product, and the image does with it what its Containerfile says."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx2
import pytest

from support.house import wait_until

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    there = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "leitstand").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there - packed == set()
    for kind in (".html", ".po", ".css", ".js", ".toml", "/migrations/versions/0001_first_tables.py"):
        assert any(name.endswith(kind) for name in packed), kind
    assert any("/privacy/model/" in name for name in packed)


def commands() -> list[tuple[str, str]]:
    """Instruction and words, one for each, with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def last_stage() -> list[tuple[str, str]]:
    found = commands()
    return found[max(index for index, (word, _) in enumerate(found) if word == "FROM") :]


def test_the_image_runs_as_nobody_and_tells_its_health() -> None:
    told = dict(last_stage())
    user = told["USER"].split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert told["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(told["ENTRYPOINT"]) == ["leitstand"]
    assert json.loads(told["CMD"])[0] == "serve"
    assert json.loads(told["VOLUME"]) == ["/data"]
    check = json.loads(told["HEALTHCHECK"].split("CMD", 1)[1])
    compile(check[2], "healthcheck", "exec")
    assert "/healthz" in check[2]


def test_the_build_pins_every_package_and_takes_no_base_image_that_moves() -> None:
    for word, rest in commands():
        if word == "FROM":
            assert re.fullmatch(r"python:3\.11-slim( AS build)?", rest)
        for part in re.split(r"&&", rest) if word == "RUN" else ():
            if "pip install" in part:
                assert "--require-hashes" in part or "--no-deps" in part, part


def test_what_the_build_copies_is_let_through_to_it() -> None:
    lines = (CONTAINERFILE.with_name("Containerfile.dockerignore")).read_text("utf-8").splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    for word, rest in commands():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source.split("/")[0] in let_through


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_steps_of_the_build_give_a_server_that_answers(tmp_path: Path) -> None:
    """The RUN steps of the first stage, with / moved into a folder; then `serve` as the image starts it."""
    build, prefix = tmp_path / "build", tmp_path / "opt"
    build.mkdir()
    for word, rest in commands():
        words = rest.split()
        if word == "COPY" and not rest.startswith("--from"):
            target = build / words[-1]
            target.mkdir(parents=True, exist_ok=True) if rest.endswith("/") else None
            for source in words[:-1]:
                whole = f"{source}/." if (ROOT / source).is_dir() else source
                subprocess.run(["cp", "-r", str(ROOT / whole), str(target)], check=True)
        elif word == "RUN" and "/data" not in rest:
            moved = rest.replace("/opt/", f"{prefix}/").replace("/build/dist", f"{build}/dist")
            subprocess.run(moved, shell=True, cwd=build, check=True, capture_output=True, timeout=400)
        elif word == "FROM" and "AS" not in words and prefix.exists():
            break
    program = prefix / "leitstand" / "bin" / "leitstand"
    said = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "serve" in said
    environment = {
        "PATH": os.environ["PATH"],
        "LEITSTAND_DATA": str(tmp_path / "data"),
        "HOME": str(tmp_path),
    }
    server = subprocess.Popen(
        shlex.split(f"{program} serve --port 0"),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        wait_until(lambda: httpx2.get(f"{url}readyz", timeout=5).status_code == 200, timeout_s=60)
        assert httpx2.get(f"{url}anmeldung", timeout=20, follow_redirects=True).status_code == 200
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
