"""The identity room on a database of its own, with a clock that moves when told and the audit in a list."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from leitstand.core.classes import Role
from leitstand.core.clock import Clock
from leitstand.identity.callers import KeyRing, Person, StoredKey
from leitstand.identity.repository import Credentials, Keys, SessionRows
from leitstand.identity.sessions import Sessions
from leitstand.identity.virtual_keys import VirtualKeys
from leitstand.journal.records import Record
from leitstand.store.engine import open_engine
from leitstand.store.schema import metadata

PEPPER = b"p" * 32
START_S = 1_790_000_000.0


class MovingClock(Clock):
    """Application time that moves only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = START_S

    def time(self) -> float:
        return self.now_s


@dataclass
class IdentityDesk:
    """people: the directory; change it and the room sees it."""

    engine: Engine
    clock: MovingClock = field(default_factory=MovingClock)
    audit: list[Record] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        anna = Person("anna", "anna@musterwerk.example", "Anna Beispiel", "vertrieb", Role.USER)
        self.people["anna"] = anna
        self.rows = Keys(self.engine)
        self.keys = VirtualKeys(self.rows, PEPPER, self.clock, self.audit.append)
        self.sessions = Sessions(
            SessionRows(self.engine), Credentials(self.engine), lambda: self.people, self.clock,
            self.audit.append,
        )  # fmt: skip

    def ring(self) -> KeyRing:
        """The keys as a running process would hold them now."""
        stored = {
            row.digest: StoredKey(
                row.id, row.user, frozenset(row.use_cases), frozenset(row.models), (),
                row.expires_us, row.revoked_us,
            )
            for row in self.keys.list()
        }  # fmt: skip
        return KeyRing(stored, self.people, PEPPER)

    def change(self, name: str, **fields: object) -> None:
        self.people[name] = replace(self.people[name], **fields)  # type: ignore[arg-type]  # test shorthand

    def verbs(self) -> list[str]:
        return [record.kind.rpartition(".")[2] for record in self.audit]


def open_identity(data: Path) -> IdentityDesk:
    engine = open_engine(data)
    metadata.create_all(engine)
    return IdentityDesk(engine)
