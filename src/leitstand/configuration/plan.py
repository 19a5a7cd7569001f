"""What would change: a document against what is stored. Pure; nothing is written here.

A file owns the keys that it named when it was last applied: such a key is removed when the file names the
object without it. Keys that only a page set stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from leitstand.configuration import repository, secrets
from leitstand.configuration.checks import Known, Placed
from leitstand.configuration.file import Entry
from leitstand.configuration.finding import Place, Remark
from leitstand.configuration.kinds import KINDS, Body, plain
from leitstand.configuration.messages import remarks
from leitstand.configuration.references import references
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.configuration.repository import Stored
from leitstand.core.sealing import Sealer

ObjectID = tuple[str, str]  # kind, name


@dataclass(frozen=True)
class State:
    """Everything that is stored, at one moment. sealed: secrets by name, as they lie in the database."""

    objects: Mapping[ObjectID, Stored] = field(default_factory=dict)
    sealed: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known:
        """The names in it, for checks."""
        names: dict[str, set[str]] = {}
        departments: set[str] = set()
        emails: dict[str, str] = {}
        tiers: dict[str, frozenset[str]] = {}
        for (kind, name), stored in self.objects.items():
            names.setdefault(kind, set()).add(name)
            if kind in ("user", "use_case") and stored.value.get("department"):
                departments.add(stored.value["department"])
            if kind == "user" and stored.value.get("email"):
                emails[stored.value["email"].lower()] = name
            if kind == "model" and stored.value.get("tiers"):
                tiers[name] = frozenset(stored.value["tiers"].values())
        found = {kind: frozenset(each) for kind, each in names.items()}
        return Known(found, frozenset(departments), emails, frozenset(self.sealed), tiers)


def stored_state(engine: Engine) -> State:
    """Everything that is stored now."""
    with engine.connect() as connection:
        return state_in(connection)


def state_in(connection: Connection) -> State:
    """Everything that is stored, seen inside a transaction."""
    rows = repository.rows_in(connection)
    objects = {(row.kind, row.name): repository.decode(row.body) for row in rows}
    return State(objects, repository.sealed_secrets(connection))


@dataclass(frozen=True, slots=True)
class Change:
    """One object that changes. before, after: None where it does not exist; secrets only as references.

    renewed: fields whose secret gets another value under the same reference.
    """

    kind: str
    name: str
    before: Body | None
    after: Body | None
    renewed: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """created, changed or removed."""
        if self.before is None:
            return "created"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class Plan:
    """What to write. writes: rows with new ownership or value. clear: literal secrets to seal, by name."""

    changes: list[Change]
    writes: dict[ObjectID, Stored]
    clear: dict[str, str] = field(default_factory=dict, repr=False)
    orphans: frozenset[str] = frozenset()


def plan(entries: tuple[Entry, ...], state: State, sealer: Sealer | None, *, by_page: bool = False) -> Plan:
    """What changes when `entries` are applied.

    sealer: opens stored secrets to compare them; None where none is stored.
    by_page: the body replaces the stored one as a whole; which keys a file owns stays as it is.
    Raises ConfigurationRefused when a body and what is stored do not fit together.
    """
    changes: list[Change] = []
    writes: dict[ObjectID, Stored] = {}
    clear: dict[str, str] = {}
    for entry in entries:
        place = (entry.kind, entry.name)
        before = state.objects.get(place)
        body, literals = _sealed_body(entry)
        new = {name: text for name, text in literals.items() if not _is_kept(state, sealer, name, text)}
        after = _replaced(body, before) if by_page else _merged(entry, body, before)
        if before is not None and before.value == after.value and not new:
            if before.file != after.file:
                writes[place] = after
            continue
        renewed = tuple(name.rpartition("/")[2] for name in new if name in state.sealed)
        changes.append(Change(entry.kind, entry.name, before.value if before else None, after.value, renewed))
        writes[place] = after
        clear |= new
    return Plan(changes, writes, clear, _orphans(state, writes, ()))


def plan_removal(kind: str, name: str, state: State) -> Plan:
    """What changes when an object is removed; raises ConfigurationRefused when there is none."""
    before = state.objects.get((kind, name))
    if before is None:
        raise ConfigurationRefused.because(
            f"„{name}“ ({KINDS[kind].de}) gibt es nicht.", f"There is no {KINDS[kind].en} '{name}'."
        )
    change = Change(kind, name, before.value, None)
    return Plan([change], {}, {}, _orphans(state, {}, ((kind, name),)))


def typed(kind: str, name: str, body: Body) -> Placed:
    """The body as a checked value; raises ConfigurationRefused."""
    model = KINDS[kind].model
    try:
        return Placed(kind, name, model.model_validate(body))
    except ValidationError as cause:
        found = remarks(cause, model, (kind, name))
        raise ConfigurationRefused(tuple(each.at(Place()) for each in found)) from cause


def _sealed_body(entry: Entry) -> tuple[Body, dict[str, str]]:
    """The body with references for literal secrets, and those secrets by their names."""
    literals: dict[str, str] = {}
    body = dict(entry.body)
    for key in KINDS[entry.kind].secrets:
        if key in body and secrets.is_literal(body[key]):
            name = f"{entry.kind}/{entry.name}/{key}"
            literals[name] = body[key]
            body[key] = f"{secrets.SEALED}{name}"
    return body, literals


def _is_kept(state: State, sealer: Sealer | None, name: str, clear: str) -> bool:
    """Whether this very secret is stored already; one that cannot be opened counts as another."""
    if sealer is None or name not in state.sealed:
        return False
    try:
        return secrets.unseal(sealer, name, state.sealed[name]) == clear
    except secrets.SecretMissing:
        return False


def _merged(entry: Entry, body: Body, before: Stored | None) -> Stored:
    owned = tuple(sorted(body))
    if before is None or before.value == body:
        return Stored(body, owned)
    kept = {key: inner for key, inner in before.value.items() if key not in before.file}
    if not kept.keys() - body.keys():
        return Stored(body, owned)
    placed = typed(entry.kind, entry.name, kept | body)
    return Stored(plain(placed.value), owned)


def _replaced(body: Body, before: Stored | None) -> Stored:
    return Stored(body, before.file if before else ())


def _orphans(
    state: State, writes: Mapping[ObjectID, Stored], removed: tuple[ObjectID, ...]
) -> frozenset[str]:
    """Stored secrets that no object refers to any more."""
    if not state.sealed:
        return frozenset()
    after = {place: stored for place, stored in state.objects.items() if place not in removed} | dict(writes)
    return frozenset(state.sealed) - set(_referred(after))


def _referred(objects: Mapping[ObjectID, Stored]) -> Iterator[str]:
    for (kind, _), stored in objects.items():
        for key in KINDS[kind].secrets if kind in KINDS else ():
            yield str(stored.value.get(key, "")).removeprefix(secrets.SEALED)


def mentions(state: State, removed: ObjectID) -> Iterator[Remark]:
    """Remarks on the objects that name one which is to be removed."""
    for (kind, name), stored in state.objects.items():
        for each in references(kind, stored.value):
            if (each.kind, each.name) == removed:
                label = KINDS[kind]
                yield Remark(
                    (kind, name, *each.path),
                    f"„{removed[1]}“ wird noch gebraucht: {label.de} „{name}“.",
                    f"'{removed[1]}' is still used by {label.en} '{name}'.",
                    "Ändern Sie das zuerst.",
                    "Change that first.",
                )
