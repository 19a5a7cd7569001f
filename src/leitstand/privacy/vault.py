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
from collections.abc import Callable, Iterable
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
from leitstand.privacy.erasures import Erasure
from leitstand.privacy.mask import Scanned, mask
from leitstand.privacy.persons import belongs, is_of, words_in
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
class Held:
    """What the vault holds of somebody. file: a number for the client's file within this answer, from 1."""

    file: int
    placeholder: str
    original: str


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

    def find_person(self, person: str, actor: str) -> list[Held]:
        """What `erase_person` would erase, by file; that somebody looked is noted, for whom is not."""
        held: list[Held] = []
        for number, scope_id in enumerate(self._rows.living(), 1):
            entries = self._load(scope_id).mapping.entries
            held += [Held(number, name, original) for name, original in entries if is_of(person, original)]
        self._say("privacy.vault.searched", actor, {"entries": len(held)})
        return held

    def count_scope(self, name: str) -> dict[str, int]:
        """How many entries a scope holds, by the word of their placeholders."""
        words = [
            placeholder.rpartition("_")[0] for placeholder, _ in self._load(self._id(name)).mapping.entries
        ]
        return {word: words.count(word) for word in sorted(set(words))}

    def erase_scope(self, name: str, actor: str, reason: str = "") -> Receipt:
        """Erase all of a scope for good. Its numbers are not given out again."""
        scope_id = self._id(name)
        return self._erase([scope_id], lambda _original: True, "scope", actor, reason, {"scope": scope_id})

    def erase_person(self, person: str, actor: str, reason: str = "") -> Receipt:
        """Erase a person, or any other value, from all scopes for good; privacy/persons.py tells what is theirs."""
        digests = {"digests": sorted(map(self._digest, words_in(person)))}
        return self._erase(
            self._rows.living(), lambda original: is_of(person, original), "person", actor, reason, digests
        )

    def erasures(self) -> list[Erasure]:
        """The erasures that people asked for, newest first."""
        return self._rows.erasures()

    def repeat(self, erasures: Iterable[Erasure], actor: str) -> Receipt:
        """Erase once more what was erased before; after a restore, a backup may have brought it back."""
        found = list(erasures)
        people = [frozenset(each.digests) for each in found if each.digests]
        scopes = [each.scope for each in found if each.scope]
        receipts = [self._erase(scopes, lambda _original: True, "scope", actor, "repeated")] if scopes else []
        if people:
            receipts.append(
                self._erase(
                    self._rows.living(),
                    lambda original: self._is_among(people, original),
                    "person",
                    actor,
                    "repeated",
                )
            )
        last = receipts[-1] if receipts else Receipt("", self._clock.time_us(), 0, 0)
        return replace(
            last, scopes=sum(each.scopes for each in receipts), entries=sum(each.entries for each in receipts)
        )

    def remove_expired(self, days: int) -> Receipt | None:
        """Erase the scopes that nobody used for so many days; None when there are none."""
        expired = self._rows.living(self._clock.time_us() - days * _DAY_US)
        return self._erase(expired, lambda _original: True, "scope", "system", "expired") if expired else None

    def scope_id(self, name: str) -> str:
        """The hashed name under which a scope is stored."""
        return self._id(name)

    def living(self) -> list[str]:
        """The hashed names of all scopes that hold entries."""
        return self._rows.living()

    def held(self, scope_id: str) -> tuple[tuple[str, str], ...]:
        """What a scope holds, (placeholder, original); for the leak watch, which notes no use."""
        return self._load(scope_id).mapping.entries

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

    def _digest(self, word: str) -> str:
        """A word of an erased name: enough to erase it again, and no way back to it without the installation's secret."""
        return hmac.digest(
            self._pepper, b"erased-word\0" + word.encode("utf-8", "surrogatepass"), sha256
        ).hex()[:32]

    def _is_among(self, people: list[frozenset[str]], original: str) -> bool:
        there = frozenset(map(self._digest, words_in(original)))
        return any(belongs(wanted, there) for wanted in people)

    def _erase(
        self,
        scope_ids: list[str],
        is_meant: Callable[[str], bool],
        what: str,
        actor: str,
        reason: str,
        again: dict[str, Any] | None = None,
    ) -> Receipt:
        """again: what is needed to repeat it, kept with the receipt."""
        erased = [count for scope_id in scope_ids if (count := self._erase_in(scope_id, is_meant))]
        if erased:
            self._rows.shrink_log()
        now_us = self._clock.time_us()
        receipt = Receipt(new_id("evt", now_us), now_us, len(erased), sum(erased))
        detail: dict[str, Any] = {"scopes": receipt.scopes, "entries": receipt.entries, **(again or {})}
        if reason:
            detail["reason"] = reason
        self._say(f"privacy.{what}.erased", actor, detail, receipt.id, now_us)
        return receipt

    def _say(
        self, kind: str, actor: str, detail: dict[str, Any], record_id: str = "", time_us: int | None = None
    ) -> None:
        time_us = self._clock.time_us() if time_us is None else time_us
        record_id = record_id or new_id("evt", time_us)
        self._note(Record(id=record_id, kind=kind, time_us=time_us, user=actor, outcome="ok", detail=detail))

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
