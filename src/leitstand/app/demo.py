"""`leitstand demo`: the data of Musterwerk GmbH, simulated providers beside the server, and how to sign in."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

from leitstand.app.offline import open_regression
from leitstand.cli import office
from leitstand.cli.config import apply_file
from leitstand.identity import passwords
from leitstand.identity.virtual_keys import KeyRequest
from leitstand.knowledge.library import Knowledge

ADMIN = "katrin"
_CREDENTIALS = "demo.json"
COLLECTION = "musterwerk"


@contextlib.contextmanager
def prepare(data: Path) -> Iterator[str]:
    """Fill the data folder once, start the simulator, end it afterwards; gives the words how to get in.

    They hold `{address}` where the server's address belongs.
    """
    simulator = subprocess.Popen(
        [sys.executable, "-m", "leitstand.simulator", "--port", "0", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,  # Ctrl-C reaches us; the simulator ends after the server
    )
    try:
        assert simulator.stdout is not None
        port = json.loads(simulator.stdout.readline())["port"]
        _configure(data, f"http://127.0.0.1:{port}")
        _add_documents(data)
        _add_model_tests(data)
        yield _introduction(_access(data))
    finally:
        simulator.send_signal(signal.SIGTERM)
        simulator.wait(10)


def _configure(data: Path, simulator: str) -> None:
    """Apply Musterwerk's configuration with the address that the simulator has today."""
    text = files("leitstand.simulator.musterwerk").joinpath("leitstand.yaml").read_text("utf-8")
    apply_file(text.replace("{simulator}", simulator).encode(), data, quiet=True)


def _add_documents(data: Path) -> None:
    with as_file(files("leitstand.simulator.musterwerk").joinpath("dokumente")) as folder:
        Knowledge(data).add(folder, COLLECTION)


def _add_model_tests(data: Path) -> None:
    """The regression sets; one that is there already stays as people have changed it."""
    with open_regression(str(data)) as (regression, _actor):
        known = {kept.name for kept in regression.list()}
        for file in files("leitstand.simulator.musterwerk").joinpath("modelltests").iterdir():
            if file.name.removesuffix(".yaml") not in known:
                regression.put(file.read_text("utf-8"), ADMIN)


def _access(data: Path) -> dict[str, str]:
    """E-mail address, password and key of the demo's administrator, made at the first start and kept."""
    kept = data / "secrets" / _CREDENTIALS
    if kept.exists():
        access: dict[str, str] = json.loads(kept.read_text())
        return access
    with office.opened(str(data)) as desk:
        password = passwords.generate()
        desk.sessions.set_password(ADMIN, password, desk.actor)
        key = desk.keys.create(KeyRequest(ADMIN, "demo"), desk.actor).key
        email = desk.configuration.users[ADMIN].email or ADMIN
    access = {"email": email, "password": password, "key": key}
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(access))
    return access


def _introduction(access: dict[str, str]) -> str:
    return (
        "\n  Musterwerk GmbH, eine erfundene Firma mit simulierten Anbietern\n"
        "  Adresse:   {address}\n"
        f"  E-Mail:    {access['email']}\n"
        f"  Kennwort:  {access['password']}\n"
        f"  Schlüssel: {access['key']}\n\n"
        f"  curl {{address}}v1/chat/completions -H 'Authorization: Bearer {access['key']}' \\\n"
        "    -H 'content-type: application/json' \\\n"
        '    -d \'{{"model": "hauswissen", "messages": [{{"role": "user", "content": "Welche Lieferzeit hat das FB-200?"}}]}}\'\n\n'
    )
