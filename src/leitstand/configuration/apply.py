"""Apply changes: of a file, of a page, of a command; one transaction each, with their audit records.

The records are handed to `record` before the transaction ends: if they cannot be kept, nothing changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from leitstand.configuration import plan as planning
from leitstand.configuration import repository, secrets
from leitstand.configuration.audit import audit_record
from leitstand.configuration.checks import Placed, check, unknown
from leitstand.configuration.file import Document, Entry
from leitstand.configuration.finding import Place, Remark
from leitstand.configuration.kinds import KINDS, Body, Kind, plain, split
from leitstand.configuration.messages import remarks
from leitstand.configuration.models import Policy, Section
from leitstand.configuration.plan import Change, Plan, State
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.configuration.repository import Row
from leitstand.core.clock import Clock
from leitstand.core.sealing import Sealer
from leitstand.journal.records import Record


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the changes and their audit records, in the same order."""

    changes: list[Change]
    records: list[Record]


@dataclass(frozen=True)
class Editor:
    """The one way to change the configuration. record: keeps an audit record durably, or raises."""

    engine: Engine
    sealer: Sealer
    record: Callable[[Record], None]
    clock: Clock

    def state(self) -> State:
        """Everything that is stored now."""
        return planning.stored_state(self.engine)

    def apply(self, document: Document, actor: str) -> Applied:
        """Apply a file; what it does not name stays. The same file twice changes nothing.

        Raises ConfigurationRefused when it has an error, or does not fit to what is stored.
        """
        if not document.ok:
            raise ConfigurationRefused(document.errors)
        return self._change(lambda state: planning.plan(document.entries, state, self.sealer), actor)

    def set_object(self, kind: str, body: Body, actor: str, name: str = "") -> Applied:
        """Create an object, or replace its body as a whole (limits: one per measure).

        kind: a key of KINDS (KeyError otherwise). name: needed for `policy`, the data class.
        A secret field takes a new secret, or the reference that was read. Raises ConfigurationRefused.
        """
        entries = _entries(KINDS[kind], body, name)
        return self._change(lambda state: planning.plan(entries, state, self.sealer, by_page=True), actor)

    def remove_object(self, kind: str, name: str, actor: str) -> Applied:
        """Remove an object; raises ConfigurationRefused when there is none or another object names it."""

        def make(state: State) -> Plan:
            removal = planning.plan_removal(kind, name, state)
            _refuse_errors(list(planning.mentions(state, (kind, name))))
            return removal

        return self._change(make, actor)

    def _change(self, make: Callable[[State], Plan], actor: str) -> Applied:
        time_us = self.clock.time_us()
        with repository.changing(self.engine) as connection:
            state = planning.state_in(connection)
            plan = make(state)
            _verify(plan, state, self.clock.now().date())
            if not plan.writes and not plan.changes:
                connection.rollback()
                return Applied([], [])
            self._write(connection, plan, time_us, actor)
            records = [audit_record(change, actor, time_us) for change in plan.changes]
            for each in records:
                self.record(each)
        return Applied(plan.changes, records)

    def _write(self, connection: Connection, plan: Plan, time_us: int, actor: str) -> None:
        rows = (Row(kind, name, repository.encode(body)) for (kind, name), body in plan.writes.items())
        repository.put(connection, rows, time_us, actor)
        repository.remove(connection, ((c.kind, c.name) for c in plan.changes if c.after is None))
        for name, clear in plan.clear.items():
            repository.put_secret(connection, name, secrets.seal(self.sealer, name, clear), time_us)
        repository.remove_secrets(connection, plan.orphans)


def _entries(kind: Kind, body: Body, name: str) -> tuple[Entry, ...]:
    try:
        value = kind.model.model_validate(body)
    except ValidationError as cause:
        raise ConfigurationRefused(
            tuple(each.at(Place()) for each in remarks(cause, kind.model, ()))
        ) from cause
    parts = (kind.model.model_validate(part) for part in split(value))
    return tuple(Entry(kind.name, _name(kind, part, name), plain(part)) for part in parts)


def _name(kind: Kind, value: Section, name: str) -> str:
    """The name to store under: the value's own, or for rules of the policy the data class."""
    if kind.shape != "table":
        return value.key
    if name not in Policy.model_fields:
        raise ConfigurationRefused.because(
            f"„{name}“ ist keine Datenklasse. Möglich sind: {', '.join(Policy.model_fields)}.",
            f"'{name}' is no data class. Possible are: {', '.join(Policy.model_fields)}.",
        )
    return name


def _verify(plan: Plan, state: State, today: date) -> None:
    """Check what is about to be written against what is stored now; raises ConfigurationRefused."""
    placed = [_placed(change) for change in plan.changes if change.after is not None]
    known = state.known.with_objects(placed, {})
    found: list[Remark] = []
    for each in plan.changes:
        found += unknown(each.kind, each.after, (each.kind, each.name), known)
    sealed_now = known.with_secrets(plan.clear)
    found += check(placed, sealed_now, today)
    _refuse_errors(found)


def _placed(change: Change) -> Placed:
    placed = planning.typed(change.kind, change.name, change.after or {})
    return Placed(placed.kind, placed.name, placed.value, (change.kind, change.name))


def _refuse_errors(found: list[Remark]) -> None:
    errors = tuple(each.at(Place()) for each in found if each.severity == "error")
    if errors:
        raise ConfigurationRefused(errors)
