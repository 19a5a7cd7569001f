"""The database as the house sees it at its start: there, or away and replaced by what was last read from it."""

import logging
import threading
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand.core.errors import InvalidRequest
from leitstand.core.sealing import Sealer
from leitstand.journal import chain
from leitstand.journal.repository import read_checkpoint
from leitstand.store import snapshot
from leitstand.store.engine import DatabaseAway, is_shared
from leitstand.store.migrate import migrate

_RETRY_S = 0.5
_log = logging.getLogger(__name__)


class Database:
    """Opened at the start; a shared one may be away then, if a snapshot of it was kept."""

    def __init__(self, engine: Engine, data: Path, sealer: Sealer) -> None:
        self._engine = engine
        self._data = data
        self._sealer = sealer
        self.reading = engine
        """Where configuration, keys and secrets are read from now: the database, or its snapshot in memory."""

    @property
    def away(self) -> bool:
        """Whether the database has not been opened yet."""
        return self.reading is not self._engine

    def open(self, signer: chain.Signer) -> None:
        """Bring the database to this version's schema, or fall back to the snapshot.

        Raises DatabaseAway when there is no snapshot, and InvalidRequest when the database belongs to an
        installation with other keys: joining it, this machine could read nothing and would break the journal.
        """
        try:
            migrate(self._engine)
        except DatabaseAway as cause:
            kept = snapshot.recall(self._data, self._sealer)
            if kept is None:
                raise
            self.reading = kept
            _log.error(
                "the database is away at the start, the last known configuration is in force: %s", cause
            )
            return
        if is_shared(self._engine):
            self._check_keys(signer)

    def _check_keys(self, signer: chain.Signer) -> None:
        with self._engine.connect() as connection:
            checkpoint = read_checkpoint(connection)
        if (self._data / snapshot.FILE).exists() or checkpoint is None:
            return  # a machine that was part of it before: what does not fit now is for the journal to tell
        if not chain.is_signed_by(signer.public_key, checkpoint):
            raise InvalidRequest(
                "Die Datenbank gehört zu einer Installation mit anderen Schlüsseln. Setzen Sie LEITSTAND_MASTER_KEY wie "
                "auf den anderen Maschinen, oder kopieren Sie deren Ordner secrets hierher.",
                "The database belongs to an installation with other keys. Set LEITSTAND_MASTER_KEY as on the other "
                "machines, or copy their folder secrets to this one.",
            )

    def wait(self, stop: threading.Event) -> bool:
        """Return True when a database that was away is back and migrated, False when `stop` is set."""
        while not stop.wait(_RETRY_S):
            try:
                migrate(self._engine)
            except DatabaseAway:
                continue
            self.reading = self._engine
            _log.warning("the database is back")
            return True
        return False

    def keep(self) -> None:
        """Renew the snapshot of a shared database."""
        if not is_shared(self._engine) or self.away:
            return
        try:
            snapshot.keep(self._engine, self._data, self._sealer)
        except (SQLAlchemyError, OSError) as cause:
            _log.error("the snapshot for a start without the database could not be kept: %s", cause)
