"""The vault: which placeholder stands for whom in a client's file (`x-leitstand-scope`), over time.

A scope has a random key of its own, sealed with the installation's key; originals are sealed with the scope's key
and come into memory when the scope is used. A number is on disk before its placeholder leaves the house, and is
never given to anybody else in its scope: not after a crash, not by another process, not after erasure.

Erasing destroys the scope's key: what backups, logs and freed pages hold of it stays sealed for good. Where others
of the scope remain, they are sealed anew under a new key. Blocking (database, encryption): call from a thread.
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import Any

import msgspec

from leitstand.core.clock import Clock
from leitstand.core.conversation import Masked
from leitstand.core.errors import Overloaded
from leitstand.core.ids import new_id
from leitstand.core.sealing import Sealer
from leitstand.journal.records import Record
from leitstand.privacy.mask import Scanned, mask
from leitstand.privacy.persons import is_of
from leitstand.privacy.placeholders import Mapping
from leitstand.privacy.repository import ScopeRow, VaultRows

VAULT_SECRET = "vault.pepper"  # noqa: S105 - the name of a secret, not a secret
"""The installation's secret under which names of scopes are hashed."""
_IN_MEMORY = 500  # scopes
_TRIES = 20
_DAY_US = 24 * 3600 * 1_000_000
_NOTED_US = _DAY_US // 4


@dataclass(frozen=True)
class Receipt:
    """Proof of an erasure. id: of its record in the journal. scopes, entries: how many were affected and erased."""

    id: str
    time_us: int
    scopes: int
    entries: int


@dataclass(frozen=True)
class _State:
    """A scope as last seen. row: None before its first entry. key: None then, and once erased."""

    row: ScopeRow | None
    key: bytes | None
    mapping: Mapping


@dataclass
class _Scope:
    id: str
    lock: Lock = field(default_factory=Lock)
    state: _State | None = None


class Vault:
    """The scopes of an installation; safe to share between threads."""

    def __init__(
        self, rows: VaultRows, sealer: Sealer, pepper: bytes, clock: Clock, note: Callable[[Record], None]
    ) -> None:
        """pepper: secret of the hash under which scopes are stored. note: writes into the journal."""
        self._rows = rows
        self._sealer = sealer
        self._pepper = pepper
        self._clock = clock
        self._note = note
        self._lock = Lock()
        self._scopes: OrderedDict[str, _Scope] = OrderedDict()

    def mask(self, name: str, scanned: Scanned) -> tuple[Masked, Mapping]:
        """As privacy/mask.py does it, with the numbers of the scope `name`; new ones are on disk when it returns.

        Raises Overloaded (503) when new names cannot be written down.
        """
        scope = self._scope(self._id(name))
        with scope.lock:
            for _ in range(_TRIES):
                state = scope.state = self._used(scope.state or self._load(scope.id))
                masked, mapping = mask(scanned, state.mapping)
                fresh = [entry for entry in mapping.entries if not state.mapping.holds(entry[0])]
                if not fresh:
                    return masked, mapping
                scope.state = self._added(scope.id, state, fresh)
                if scope.state is not None:
                    return masked, mapping
        raise Overloaded(
            "Die Zuordnung der Pseudonyme ist gerade stark beansprucht. Bitte versuchen Sie es gleich noch einmal.",
            "The vault of placeholders is busy right now. Please try again in a moment.",
            retry_after_s=1,
        )

    def mapping(self, name: str) -> Mapping:
        """All that a scope holds; for whoever may open the data folder."""
        return self._used(self._load(self._id(name))).mapping

    def forget(self) -> None:
        """Drop what is held in memory; the next request reads the disk."""
        with self._lock:
            self._scopes.clear()

    def erase_scope(self, name: str, actor: str) -> Receipt:
        """Erase all of a scope for good. Its numbers are not given out again."""
        return self._erase([self._id(name)], lambda _original: True, "scope", actor)

    def erase_person(self, person: str, actor: str) -> Receipt:
        """Erase a person, or any other value, from all scopes for good; privacy/persons.py tells what is theirs."""
        return self._erase(self._rows.living(), lambda original: is_of(person, original), "person", actor)

    def remove_expired(self, days: int) -> Receipt | None:
        """Erase the scopes that nobody used for so many days; None when there are none."""
        expired = self._rows.living(self._clock.time_us() - days * _DAY_US)
        return self._erase(expired, lambda _original: True, "scope", "system") if expired else None

    # ------------------------------------------------------------ inside

    def _id(self, name: str) -> str:
        return hmac.digest(
            self._pepper, b"privacy-scope\0" + name.encode("utf-8", "surrogatepass"), sha256
        ).hex()

    def _scope(self, scope_id: str) -> _Scope:
        with self._lock:
            scope = self._scopes.setdefault(scope_id, _Scope(scope_id))
            self._scopes.move_to_end(scope_id)
            if len(self._scopes) > _IN_MEMORY:
                self._scopes.popitem(last=False)
            return scope

    def _load(self, scope_id: str) -> _State:
        row, sealed = self._rows.scope(scope_id)
        if row is None:
            return _State(None, None, Mapping())
        last = msgspec.json.decode(row.last, type=dict[str, int])
        if row.sealed_key is None:
            return _State(row, None, Mapping.from_entries((), last))
        key = self._sealer.open(row.sealed_key, f"privacy-scope:{scope_id}")
        opener = Sealer(key)
        found = [(name, opener.open(value, f"{scope_id}:{name}").decode()) for name, value in sealed.items()]
        return _State(row, key, Mapping.from_entries(sorted(found), last))

    def _used(self, state: _State) -> _State:
        """The state, its use noted now and then, so that it does not expire; where the database is away, later."""
        now_us = self._clock.time_us()
        if state.row is None or now_us - state.row.used_us < _NOTED_US:
            return state
        with suppress(Overloaded):
            self._rows.touch(state.row.id, now_us)
        return replace(state, row=replace(state.row, used_us=now_us))

    def _added(self, scope_id: str, state: _State, fresh: list[tuple[str, str]]) -> _State | None:
        """The state with more entries, on disk; None when another process changed the scope meanwhile."""
        key = state.key or secrets.token_bytes(32)
        mapping = Mapping.from_entries((*state.mapping.entries, *fresh), state.mapping.last)
        sealed_key = state.row.sealed_key if state.row and state.key else self._seal_key(scope_id, key)
        row = self._row(scope_id, sealed_key, mapping)
        if not self._rows.add(state.row, row, _sealed(scope_id, key, fresh)):
            return None
        return _State(row, key, mapping)

    def _erase(self, scope_ids: list[str], is_meant: Callable[[str], bool], what: str, actor: str) -> Receipt:
        erased = [count for scope_id in scope_ids if (count := self._erase_in(scope_id, is_meant))]
        if erased:
            self._rows.shrink_log()
        now_us = self._clock.time_us()
        receipt = Receipt(new_id("evt", now_us), now_us, len(erased), sum(erased))
        detail: dict[str, Any] = {"scopes": receipt.scopes, "entries": receipt.entries}
        self._note(
            Record(
                id=receipt.id,
                kind=f"privacy.{what}.erased",
                time_us=now_us,
                user=actor,
                outcome="ok",
                detail=detail,
            )
        )
        return receipt

    def _erase_in(self, scope_id: str, is_meant: Callable[[str], bool]) -> int:
        """How many entries of a scope were erased."""
        scope = self._scope(scope_id)
        with scope.lock:
            while True:
                state = self._load(scope_id)
                scope.state = None
                if state.row is None or state.key is None:
                    return 0
                kept = [entry for entry in state.mapping.entries if not is_meant(entry[1])]
                count = len(state.mapping.entries) - len(kept)
                if not count or self._rows.replace(state.row, *self._anew(scope_id, state.mapping, kept)):
                    return count

    def _anew(
        self, scope_id: str, mapping: Mapping, kept: list[tuple[str, str]]
    ) -> tuple[ScopeRow, dict[str, bytes]]:
        """What remains of a scope, under a new key; without a key when nothing remains."""
        if not kept:
            return self._row(scope_id, None, mapping), {}
        key = secrets.token_bytes(32)
        return self._row(scope_id, self._seal_key(scope_id, key), mapping), _sealed(scope_id, key, kept)

    def _row(self, scope_id: str, sealed_key: bytes | None, mapping: Mapping) -> ScopeRow:
        last = msgspec.json.encode(mapping.last, order="sorted").decode()
        return ScopeRow(scope_id, sealed_key, last, self._clock.time_us())

    def _seal_key(self, scope_id: str, key: bytes) -> bytes:
        return self._sealer.seal(key, f"privacy-scope:{scope_id}")


def _sealed(scope_id: str, key: bytes, entries: list[tuple[str, str]]) -> dict[str, bytes]:
    sealer = Sealer(key)
    return {name: sealer.seal(original.encode(), f"{scope_id}:{name}") for name, original in entries}
