"""The line to Valkey: one script per call, in milliseconds or not at all."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from valkey import Valkey
from valkey.exceptions import NoScriptError, ValkeyError

TIMEOUT_S = (
    0.04  # of the connection and of the answer: a call that finds Valkey frozen costs at most twice that
)
_CONNECTIONS = 16


class Away(Exception):
    """Valkey did not answer in time, or cannot; whether it did what it was asked is not known."""


class _Client(Protocol):
    """What is used of the client library, which types its answers only in part."""

    def execute_command(self, *words: str | bytes | int) -> object: ...

    def close(self) -> None: ...


class Remote:
    """Runs scripts; may be used from any thread."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        """url: valkey://HOST:PORT/N. Connects on first use."""
        self._client: _Client = Valkey.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry_on_timeout=False,
            max_connections=_CONNECTIONS, lib_name=None, lib_version=None,
        )  # fmt: skip
        self._names: dict[str, str] = {}

    def run(self, script: str, arguments: Sequence[str | bytes | int]) -> list[object]:
        """The script's answer, a single number as a list of one; raises Away."""
        name = self._names.get(script)
        if name is None:
            name = self._names[script] = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            answer = self._ask("EVALSHA", name, 0, *arguments)
        except NoScriptError:
            answer = self._ask("EVAL", script, 0, *arguments)
        return list(answer) if isinstance(answer, list) else [answer]

    def _ask(self, *words: str | bytes | int) -> object:
        try:
            return self._client.execute_command(*words)
        except NoScriptError:
            raise
        except (ValkeyError, OSError) as cause:
            raise Away(str(cause)) from cause

    def lost(self) -> dict[bytes, bytes]:
        """Holds that were found lost and not written down yet; raises Away."""
        return self._hash("ls:lost")

    def open_holds(self, owner: str) -> dict[bytes, bytes]:
        """Serial to record of all open holds of an owner; raises Away."""
        return self._hash(f"ls:o:{owner}")

    def _hash(self, key: str) -> dict[bytes, bytes]:
        answer = self._ask("HGETALL", key)
        return dict(answer) if isinstance(answer, dict) else {}

    def forget(self, fields: Sequence[bytes]) -> None:
        """These lost holds are written down; raises Away."""
        self._ask("HDEL", "ls:lost", *fields)

    def make_ready(self, word: str) -> None:
        """From now on holds are taken; the first word stays. Raises Away."""
        self._ask("SET", "ls:ready", word, "NX")

    def close(self) -> None:
        """Hang up."""
        self._client.close()
