"""Of all processes on a data folder one leads in a matter: whoever holds the lock on its file."""

import fcntl
import os
from pathlib import Path


class Lead:
    """The wish of this process to lead. The kernel frees the lock when the process dies, and another one takes over."""

    def __init__(self, path: Path) -> None:
        """path: the file; made when it is first asked for."""
        self._path = path
        self._lock: int | None = None

    def is_mine(self) -> bool:
        """Whether this process leads now; once it does, it goes on until `leave`."""
        if self._lock is None:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True

    def leave(self) -> None:
        """Let another one lead."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
