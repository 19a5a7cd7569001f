"""Virtual keys: created, rotated with overlap, revoked. Shown once, stored as a keyed hash."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

from leitstand.core import sealing
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest
from leitstand.core.ids import new_id
from leitstand.identity.callers import digest
from leitstand.identity.repository import KeyRow, Keys
from leitstand.journal.records import Record

_DAY_US = 86_400_000_000
DEFAULT_OVERLAP_DAYS = 7


def load_pepper(data: Path) -> bytes:
    """The secret of the keyed hash, kept beside the database and never in it."""
    return sealing.installation_secret(data, "keys.pepper")


@dataclass(frozen=True)
class NewKey:
    """A key just made. `key` is the only copy that will ever exist."""

    id: str
    key: str = field(repr=False)
    user: str
    expires_us: int | None


@dataclass(frozen=True)
class KeyRequest:
    """What a new key may do; empty tuples mean everything its owner may."""

    user: str
    label: str = ""
    use_cases: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    valid_days: float | None = None


class VirtualKeys:
    """The office that issues keys; every act is an audit event."""

    def __init__(self, keys: Keys, pepper: bytes, clock: Clock, record: Callable[[Record], None]) -> None:
        self._keys = keys
        self._pepper = pepper
        self._clock = clock
        self._record = record

    def create(self, wish: KeyRequest, actor: str) -> NewKey:
        """Issue a key. Raises InvalidRequest for a network that is none."""
        _check_networks(wish.networks)
        now_us = self._clock.time_us()
        key = "lst_" + secrets.token_urlsafe(32)
        expires_us = None if wish.valid_days is None else now_us + int(wish.valid_days * _DAY_US)
        row = KeyRow(
            id=new_id("key", now_us), user=wish.user, label=wish.label, hint=key[:8],
            digest=digest(key, self._pepper), use_cases=wish.use_cases, models=wish.models,
            networks=wish.networks, created_us=now_us, expires_us=expires_us,
        )  # fmt: skip
        self._keys.insert(row)
        self._note("created", row, actor)
        return NewKey(row.id, key, row.user, expires_us)

    def rotate(self, key_id: str, actor: str, overlap_days: float = DEFAULT_OVERLAP_DAYS) -> NewKey:
        """Issue a successor with the same rights; the old key goes on for `overlap_days`."""
        old = self.get(key_id)
        now_us = self._clock.time_us()
        if old.revoked_us is not None:
            raise InvalidRequest(
                f"Der Schlüssel {key_id} ist gesperrt; stellen Sie einen neuen aus.",
                f"The key {key_id} is revoked; create a new one.",
            )
        if old.replaced_by is not None:
            raise InvalidRequest(
                f"Der Schlüssel {key_id} ist schon erneuert; sein Nachfolger ist {old.replaced_by}. Erneuern Sie diesen.",
                f"The key {key_id} was rotated already; its successor is {old.replaced_by}. Rotate that one.",
            )
        lifetime_us = None if old.expires_us is None else max(old.expires_us - old.created_us, _DAY_US)
        wish = KeyRequest(
            old.user, old.label, old.use_cases, old.models, old.networks,
            None if lifetime_us is None else lifetime_us / _DAY_US,
        )  # fmt: skip
        new = self.create(wish, actor)
        ends_us = now_us + int(overlap_days * _DAY_US)
        ends_us = ends_us if old.expires_us is None else min(ends_us, old.expires_us)
        self._keys.update(replace(old, expires_us=ends_us, replaced_by=new.id))
        self._note("rotated", old, actor, replaced_by=new.id, valid_until_us=ends_us)
        return new

    def revoke(self, key_id: str, actor: str) -> None:
        """End a key now; running processes follow within two seconds."""
        old = self.get(key_id)
        if old.revoked_us is None:
            self._keys.update(replace(old, revoked_us=self._clock.time_us()))
            self._note("revoked", old, actor)

    def revoke_all(self, user: str, actor: str) -> None:
        """End all keys of a person who leaves: who gets the name later must not get them."""
        for row in self._keys.list(user):
            self.revoke(row.id, actor)

    def list(self, user: str | None = None) -> Sequence[KeyRow]:
        """All keys, or those of one user, newest first; revoked ones too."""
        return self._keys.list(user)

    def get(self, key_id: str) -> KeyRow:
        """One key by its id; raises InvalidRequest when there is none."""
        row = self._keys.get(key_id)
        if row is None:
            raise InvalidRequest(
                f"Einen Schlüssel {key_id} gibt es nicht. „leitstand key list“ zeigt alle.",
                f"There is no key {key_id}. 'leitstand key list' shows all.",
            )
        return row

    def _note(self, verb: str, row: KeyRow, actor: str, **facts: object) -> None:
        now_us = self._clock.time_us()
        self._record(
            Record(
                id=new_id("evt", now_us),
                kind=f"identity.virtual_key.{verb}",
                time_us=now_us,
                user=actor,
                key_id=row.id,
                detail={"owner": row.user, "use_cases": list(row.use_cases), "models": list(row.models)}
                | facts,
            )
        )


def _check_networks(networks: Sequence[str]) -> None:
    for network in networks:
        try:
            ip_network(network)
        except ValueError as cause:
            raise InvalidRequest(
                f"„{network}“ ist kein Adressbereich. Beispiel: 192.168.10.0/24.",
                f"'{network}' is not an address range. Example: 192.168.10.0/24.",
                detail={"param": "networks"},
            ) from cause
