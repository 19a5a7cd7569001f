"""Of all processes of an installation one leads in a matter: whoever holds the lock on its file, and where machines
share a database, the lock of that name there too."""

import fcntl
import os
import zlib
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from leitstand.store.engine import DatabaseAway, is_shared

_CLASS = 0x6C73  # the first half of the advisory locks' numbers; any fixed one


class Lead:
    """The wish of this process to lead. Both locks end with the process that holds them, and another one takes over."""

    def __init__(self, path: Path, engine: Engine) -> None:
        """path: the file, made when it is first asked for; its name is the matter's."""
        self._path = path
        self._engine = engine
        self._lock: int | None = None
        self._session: Connection | None = None

    def is_mine(self) -> bool:
        """Whether this process leads now; blocking. Once it does, it goes on until `leave`, or the database is away."""
        return self._leads_here() and (not is_shared(self._engine) or self._leads_everywhere())

    def leave(self) -> None:
        """Let another one lead."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        self._hang_up()

    def _leads_here(self) -> bool:
        if self._lock is None:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            self._lock = descriptor
        return True

    def _leads_everywhere(self) -> bool:
        """The lock belongs to a connection of its own; when that breaks, the lock is free."""
        try:
            if self._session is not None:
                self._session.execute(select(1))
                return True
            session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            session.detach()  # never back to the pool, where the lock would stay
            self._session = session
            number = zlib.crc32(self._path.name.encode()) - (1 << 31)
            if session.execute(select(func.pg_try_advisory_lock(_CLASS, number))).scalar():
                return True
        except DatabaseAway:
            pass  # its writers and watchers tell of it
        self._hang_up()
        return False

    def _hang_up(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.close()
