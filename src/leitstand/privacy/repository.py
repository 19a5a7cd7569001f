"""SQL of the vault. Names and originals come and go hashed or sealed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from leitstand.core.errors import PrivacyUnavailable
from leitstand.privacy.erasures import Erasure
from leitstand.store.schema import configuration_version, journal, privacy_entry, privacy_scope


@dataclass(frozen=True)
class ScopeRow:
    """A scope as stored. sealed_key: None when it was erased. last: JSON, word → highest number ever given."""

    id: str
    sealed_key: bytes | None
    last: str
    used_us: int


class VaultRows:
    """Scopes and their entries. Every change names the state it was made from, and does nothing on another one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def scope(self, scope_id: str) -> tuple[ScopeRow | None, dict[str, bytes]]:
        """A scope with its sealed entries by placeholder, both of one moment."""
        with self._engine.connect() as connection:
            row = connection.execute(_SCOPES.where(privacy_scope.c.id == scope_id)).first()
            found = connection.execute(
                select(privacy_entry.c.placeholder, privacy_entry.c.sealed).where(
                    privacy_entry.c.scope == scope_id
                )
            )
            entries = {entry.placeholder: entry.sealed for entry in found}
        return (None if row is None else ScopeRow(**row._asdict())), entries

    def living(self, before_us: int | None = None) -> list[str]:
        """The scopes that hold entries; before_us: only those last used before then."""
        query = select(privacy_scope.c.id).where(privacy_scope.c.sealed_key.is_not(None))
        if before_us is not None:
            query = query.where(privacy_scope.c.used_us < before_us)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def add(self, before: ScopeRow | None, after: ScopeRow, entries: Mapping[str, bytes]) -> bool:
        """Add entries, on disk when it returns; False when the scope is no longer as `before` says.

        Raises PrivacyUnavailable when the disk takes nothing.
        """
        try:
            with self._durable() as connection:
                if not _swap(connection, before, after):
                    return False
                _insert(connection, after.id, entries)
        except IntegrityError:  # another process made the scope first
            return False
        except OperationalError as cause:
            raise PrivacyUnavailable(
                "Neue Namen dieser Akte lassen sich nicht festhalten; die Anfrage hat das Haus nicht verlassen.",
                "New names of this file cannot be written down; the request has not left the house.",
                retry_after_s=5,
            ) from cause
        return True

    def touch(self, scope_id: str, used_us: int) -> None:
        """Note that a scope was used."""
        with self._engine.begin() as connection:
            connection.execute(
                update(privacy_scope).where(privacy_scope.c.id == scope_id).values(used_us=used_us)
            )

    def replace(self, before: ScopeRow, after: ScopeRow, entries: Mapping[str, bytes]) -> bool:
        """Put entries in place of all others and wipe the space of the old ones; False as with `add`.

        The configuration's version rises, so that every process forgets what it holds of the vault in memory.
        """
        with self._durable() as connection:
            if not _swap(connection, before, after):
                return False
            connection.execute(delete(privacy_entry).where(privacy_entry.c.scope == after.id))
            _insert(connection, after.id, entries)
            _raise_version(connection)
        return True

    @contextmanager
    def _durable(self) -> Iterator[Connection]:
        """A transaction that a power cut cannot undo; on SQLite, deleted bytes are overwritten too."""
        with self._engine.connect() as connection:
            is_sqlite = connection.dialect.name == "sqlite"
            if is_sqlite:
                connection.exec_driver_sql("PRAGMA synchronous=FULL")
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                connection.commit()
            try:
                with connection.begin():
                    yield connection
            finally:
                if is_sqlite:
                    connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
                    connection.commit()

    def erasures(self) -> list[Erasure]:
        """What people had erased, from the journal, newest first."""
        query = (
            select(journal.c.id, journal.c.time_us, journal.c.kind, journal.c.user, journal.c.detail)
            .where(journal.c.kind.in_(("privacy.person.erased", "privacy.scope.erased")))
            .order_by(journal.c.time_us.desc(), journal.c.seq.desc())
        )
        with self._engine.connect() as connection:
            found = [_erasure(*row) for row in connection.execute(query)]
        return [each for each in found if each.actor != "system"]

    def shrink_log(self) -> None:
        """Empty SQLite's write-ahead log, which may hold earlier states of a page; elsewhere nothing."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _erasure(record_id: str, time_us: int, kind: str, actor: str, detail: str) -> Erasure:
    told = msgspec.json.decode(detail)
    return Erasure(
        record_id, time_us, kind.split(".")[1], actor, told.get("reason", ""), told.get("scopes", 0),
        told.get("entries", 0), tuple(told.get("digests", ())), told.get("scope", ""),
    )  # fmt: skip


_COLUMNS = privacy_scope.c
_SCOPES = select(_COLUMNS.id, _COLUMNS.sealed_key, _COLUMNS.last, _COLUMNS.used_us)


def _swap(connection: Connection, before: ScopeRow | None, after: ScopeRow) -> bool:
    """Write the scope's row; False when another process was first."""
    values = {"sealed_key": after.sealed_key, "last": after.last, "used_us": after.used_us}
    if before is not None:
        changed = connection.execute(update(privacy_scope).where(_unchanged(before)).values(**values))
        return changed.rowcount == 1
    connection.execute(insert(privacy_scope).values(id=after.id, created_us=after.used_us, **values))
    return True


def _unchanged(row: ScopeRow) -> ColumnElement[bool]:
    key = _COLUMNS.sealed_key
    same_key = key.is_(None) if row.sealed_key is None else key == row.sealed_key
    return and_(_COLUMNS.id == row.id, same_key, _COLUMNS.last == row.last)


def _insert(connection: Connection, scope_id: str, entries: Mapping[str, bytes]) -> None:
    if entries:
        rows = [
            {"scope": scope_id, "placeholder": name, "sealed": sealed} for name, sealed in entries.items()
        ]
        connection.execute(insert(privacy_entry), rows)


def _raise_version(connection: Connection) -> None:
    raised = update(configuration_version).values(version=configuration_version.c.version + 1)
    if not connection.execute(raised).rowcount:
        connection.execute(insert(configuration_version).values(id=1, version=1))
