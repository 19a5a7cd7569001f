"""SQL of identity: virtual keys, credentials, sessions."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from leitstand.store.schema import configuration_version, credential, session, virtual_key


@dataclass(frozen=True)
class KeyRow:
    """A row of `virtual_key`."""

    id: str
    user: str
    hint: str
    digest: str
    created_us: int
    label: str = ""
    use_cases: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    expires_us: int | None = None
    revoked_us: int | None = None
    replaced_by: str | None = None


@dataclass(frozen=True)
class SessionRow:
    """A row of `session`."""

    digest: str
    user: str
    csrf: str
    created_us: int
    seen_us: int
    expires_us: int


_LISTS = ("use_cases", "models", "networks")


class Keys:
    """Virtual keys. Each change raises the version that running processes watch."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, row: KeyRow) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(virtual_key).values(**_encoded(row)))
            _raise_version(connection)

    def update(self, row: KeyRow) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(virtual_key).where(virtual_key.c.id == row.id).values(**_encoded(row)))
            _raise_version(connection)

    def get(self, key_id: str) -> KeyRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(virtual_key).where(virtual_key.c.id == key_id)).first()
        return None if row is None else _decoded(row)

    def list(self, user: str | None = None) -> Sequence[KeyRow]:
        query = select(virtual_key).order_by(virtual_key.c.created_us.desc())
        if user is not None:
            query = query.where(virtual_key.c.user == user)
        with self._engine.connect() as connection:
            return [_decoded(row) for row in connection.execute(query)]


def _encoded(row: KeyRow) -> dict[str, Any]:
    return {
        name: json.dumps(value) if name in _LISTS else value
        for name, value in asdict(row).items()
    }  # fmt: skip


def _decoded(row: Row[Any]) -> KeyRow:
    values = row._asdict()
    for name in _LISTS:
        values[name] = tuple(json.loads(values[name]))
    return KeyRow(**values)


def _raise_version(connection: Connection) -> None:
    changed = connection.execute(
        update(configuration_version).values(version=configuration_version.c.version + 1)
    )
    if changed.rowcount == 0:
        connection.execute(insert(configuration_version).values(id=1, version=1))


class Credentials:
    """Password hashes by user name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def password_hash(self, user: str) -> str:
        """The Argon2id hash, or an empty string when the person has no password."""
        with self._engine.connect() as connection:
            return connection.scalar(
                select(credential.c.password_hash).where(credential.c.user == user)
            ) or ""  # fmt: skip

    def set_password_hash(self, user: str, password_hash: str, now_us: int) -> None:
        with self._engine.begin() as connection:
            values = {"password_hash": password_hash, "changed_us": now_us}
            changed = connection.execute(update(credential).where(credential.c.user == user).values(**values))
            if changed.rowcount == 0:
                connection.execute(insert(credential).values(user=user, **values))

    def remove(self, user: str) -> bool:
        """Drop a password; tells whether there was one."""
        with self._engine.begin() as connection:
            return connection.execute(delete(credential).where(credential.c.user == user)).rowcount > 0


class SessionRows:
    """Server-side sessions by the hash of their token."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, row: SessionRow) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(session).values(**{f.name: getattr(row, f.name) for f in fields(row)}))

    def get(self, token_digest: str) -> SessionRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(session).where(session.c.digest == token_digest)).first()
        return None if row is None else SessionRow(**row._asdict())

    def touch(self, token_digest: str, seen_us: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(session).where(session.c.digest == token_digest).values(seen_us=seen_us)
            )

    def remove(self, token_digest: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(session).where(session.c.digest == token_digest))

    def remove_of(self, user: str) -> None:
        """End all sessions of a person: after a password change or when the person leaves."""
        with self._engine.begin() as connection:
            connection.execute(delete(session).where(session.c.user == user))

    def remove_expired(self, now_us: int) -> int:
        with self._engine.begin() as connection:
            return connection.execute(delete(session).where(session.c.expires_us <= now_us)).rowcount
