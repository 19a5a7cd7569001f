"""Who lives: every process that holds amounts keeps a lock on a file of its own.

The kernel drops the lock when the process dies, so a free lock proves death; a process id alone would not, as
it may belong to somebody else by then. Files appear and vanish only under the counters' lock, so nobody
mistakes one that is just being made for one of a dead process.
"""

import fcntl
import os
import secrets
from pathlib import Path


class Owners:
    """The folder of life locks; call it under the counters' lock."""

    def __init__(self, folder: Path) -> None:
        """Make and lock this process's own file. `token` names it, a positive 63-bit number."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self.token = secrets.randbits(62) + 1
        self._fd = os.open(self._path(self.token), os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def lives(self, token: int) -> bool:
        """Whether the process of this token still runs."""
        return token == self.token or _is_locked(self._path(token))

    def clear_dead(self) -> None:
        """Remove the files that dead processes left."""
        for path in self._folder.glob("*.alive"):
            if path != self._path(self.token) and not _is_locked(path):
                path.unlink(missing_ok=True)

    def count(self) -> int:
        """How many processes live, this one included."""
        return sum(
            path == self._path(self.token) or _is_locked(path) for path in self._folder.glob("*.alive")
        )

    def leave(self) -> None:
        """This process ends: its holds, if any, may be found by others."""
        self._path(self.token).unlink(missing_ok=True)
        os.close(self._fd)

    def _path(self, token: int) -> Path:
        return self._folder / f"{token:016x}.alive"


def _is_locked(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
