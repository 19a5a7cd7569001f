"""Server-side sessions for the pages, and the brake on guessing passwords."""

import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from leitstand.core.clock import Clock
from leitstand.core.ids import new_id
from leitstand.identity import passwords
from leitstand.identity.callers import Person
from leitstand.identity.repository import Credentials, SessionRow, SessionRows
from leitstand.journal.records import Record

LIFETIME_US = 12 * 3_600_000_000  # a working day with overtime
IDLE_US = 4 * 3_600_000_000
_TOUCH_US = 60_000_000
MAX_FAILURES = 5
LOCK_US = 15 * 60_000_000


@dataclass(frozen=True)
class SignedIn:
    """token: for the cookie, known to nobody else afterwards."""

    token: str = field(repr=False)
    person: Person


@dataclass(frozen=True)
class NotSignedIn:
    """remaining: tries left before the lock; locked_until_us: set while locked."""

    remaining: int
    locked_until_us: int | None = None


@dataclass(frozen=True)
class Session:
    """A valid session: the person, and the token that each form must carry."""

    person: Person
    csrf: str


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Signs people in and out. Five failures in a row lock a person's account for 15 minutes."""

    def __init__(
        self,
        rows: SessionRows,
        credentials: Credentials,
        people: Callable[[], Mapping[str, Person]],
        clock: Clock,
        record: Callable[[Record], None],
    ) -> None:
        """people: gives the current directory by user name."""
        self._rows = rows
        self._credentials = credentials
        self._people = people
        self._clock = clock
        self._record = record
        self._failures: dict[str, deque[int]] = {}

    def sign_in(self, email: str, password: str, ip: str) -> SignedIn | NotSignedIn:
        """Check a password. Blocking (Argon2id, about 50 ms): call it in a thread."""
        now_us = self._clock.time_us()
        typed = email.strip().lower()
        person = self._find(typed)
        account = person.name if person else typed  # address and name share one count of failures
        if (locked := self._locked_until(account, now_us)) is not None:
            return NotSignedIn(0, locked)
        stored = self._credentials.password_hash(person.name) if person else ""
        if not passwords.matches(password, stored) or person is None or not person.active:
            return self._failed(account, person, now_us, ip)
        self._failures.pop(account, None)
        token = secrets.token_urlsafe(32)
        self._rows.insert(
            SessionRow(
                _digest(token), person.name, secrets.token_urlsafe(24), now_us, now_us, now_us + LIFETIME_US
            )
        )
        self._note("signed_in", person.name, now_us)
        return SignedIn(token, person)

    def lookup(self, token: str) -> Session | None:
        """The session of a cookie, or None when it ended or its person left."""
        row = self._rows.get(_digest(token)) if token else None
        now_us = self._clock.time_us()
        if row is None or row.expires_us <= now_us or row.seen_us + IDLE_US <= now_us:
            return None
        person = self._people().get(row.user)
        if person is None or not person.active:
            return None
        if now_us - row.seen_us > _TOUCH_US:
            self._rows.touch(row.digest, now_us)
        return Session(person, row.csrf)

    def sign_out(self, token: str) -> None:
        """End a session."""
        row = self._rows.get(_digest(token))
        if row is not None:
            self._rows.remove(row.digest)
            self._note("signed_out", row.user, self._clock.time_us())

    def set_password(self, user: str, password: str, actor: str) -> None:
        """Set a person's password and end all of the person's sessions."""
        now_us = self._clock.time_us()
        self._credentials.set_password_hash(user, passwords.hash_password(password), now_us)
        self._rows.remove_of(user)
        self._note("password_set", actor, now_us, owner=user)

    def forget(self, user: str, actor: str) -> None:
        """End all sessions of a person who leaves and drop the password: a later person of that name has none."""
        self._rows.remove_of(user)
        if self._credentials.remove(user):
            self._note("password_removed", actor, self._clock.time_us(), owner=user)

    def _find(self, account: str) -> Person | None:
        for person in self._people().values():
            if account in (person.email.lower(), person.name.lower()):
                return person
        return None

    def _locked_until(self, account: str, now_us: int) -> int | None:
        failures = self._failures.get(account)
        if failures is None or len(failures) < MAX_FAILURES:
            return None
        until_us = failures[-1] + LOCK_US
        if until_us > now_us:
            return until_us
        del self._failures[account]
        return None

    def _failed(self, account: str, person: Person | None, now_us: int, ip: str) -> NotSignedIn:
        if len(self._failures) > 10_000:  # a flood of invented names must not fill the memory
            del self._failures[next(iter(self._failures))]
        failures = self._failures.setdefault(account, deque(maxlen=MAX_FAILURES))
        failures.append(now_us)
        # The typed name is not recorded when nobody has it: people type passwords into the wrong field.
        self._note("sign_in_failed", person.name if person else "", now_us, failures=len(failures))
        return NotSignedIn(MAX_FAILURES - len(failures), self._locked_until(account, now_us))

    def _note(self, verb: str, user: str, now_us: int, **facts: object) -> None:
        self._record(
            Record(id=new_id("evt", now_us), kind=f"identity.session.{verb}", time_us=now_us, user=user,
                   outcome="refused" if verb == "sign_in_failed" else "ok", detail=facts)
        )  # fmt: skip
