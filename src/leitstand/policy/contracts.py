"""The register of processors: which contract stands, until when, and what follows from it now.

What follows is asked of `admit.objection`, which decides on requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from leitstand.configuration.models import DPA, MCPServer, Provider
from leitstand.core.classes import DataClass, Region
from leitstand.policy.admit import objection
from leitstand.policy.rulebook import Contract, Offer, Rulebook
from leitstand.providers.base import Target

WARN_DAYS = 60
STEPS_DAYS = (60, 30, 14, 7, 3, 1)
"""So many days before its end a contract is spoken of again; afterwards once a week."""
_AGAIN_DAYS = 7


class ContractState(StrEnum):
    """How a contract stands. `house` needs none; `future` is signed and does not run yet."""

    HOUSE = "house"
    VALID = "valid"
    EXPIRING = "expiring"
    FUTURE = "future"
    EXPIRED = "expired"
    MISSING = "missing"


@dataclass(frozen=True)
class Processor:
    """One provider or MCP server. days: until the last day of its contract, negative afterwards; None: no end.

    blocked: the classes that it may not get, for whatever reason; by_contract: those that a valid contract would open.
    """

    name: str
    kind: str
    region: Region
    endpoint: str
    dpa: DPA | None
    state: ContractState
    days: int | None
    blocked: tuple[DataClass, ...]
    by_contract: tuple[DataClass, ...]
    is_tool: bool = False


@dataclass(frozen=True, slots=True)
class DPAExpiring:
    """Event: a contract ends soon, or has ended. days: as in Processor."""

    provider: str
    expires: date
    days: int


def register(
    providers: Mapping[str, Provider], servers: Mapping[str, MCPServer], rules: Rulebook, today: date
) -> tuple[Processor, ...]:
    """All processors, those that need somebody first."""
    found = [_processor(each, rules, today) for each in providers.values()]
    found += [_processor(each, rules, today) for each in servers.values()]
    return tuple(sorted(found, key=lambda each: (_URGENCY.index(each.state), each.days or 0, each.name)))


_URGENCY = tuple(
    ContractState(word) for word in ("expired", "expiring", "missing", "future", "valid", "house")
)


def _processor(each: Provider | MCPServer, rules: Rulebook, today: date) -> Processor:
    is_tool = isinstance(each, MCPServer)
    kind = "mcp" if isinstance(each, MCPServer) else each.kind.value
    address = each.url if isinstance(each, MCPServer) else each.base_url or ""
    target = Target(provider=each.name, kind=kind, model="", region=each.place, base_url=address)
    contract = None if each.dpa is None else Contract(each.dpa.signed, each.dpa.expires)
    against = {
        data_class: found.reason
        for data_class, row in rules.policy.items()
        if (found := objection(Offer(target, contract), row, data_class, today)) is not None
    }
    state, days = state_of(each.place, each.dpa, today)
    by_contract = tuple(data_class for data_class, reason in against.items() if reason == "contract")
    return Processor(
        each.name, kind, each.place, address, each.dpa, state, days, tuple(against), by_contract, is_tool
    )


def state_of(region: Region, dpa: DPA | None, today: date) -> tuple[ContractState, int | None]:
    """How the contract of a processor stands, and how many days are left."""
    if region is Region.LOCAL:
        return ContractState.HOUSE, None
    if dpa is None:
        return ContractState.MISSING, None
    days = None if dpa.expires is None else (dpa.expires - today).days
    if days is not None and days < 0:
        return ContractState.EXPIRED, days
    if dpa.signed > today:
        return ContractState.FUTURE, days
    if days is not None and days < WARN_DAYS:
        return ContractState.EXPIRING, days
    return ContractState.VALID, days


def reminder_slot(processor: Processor) -> str:
    """The word of the reminder that is due for a processor: one per step, later one per week; empty: none is."""
    if processor.state not in (ContractState.EXPIRING, ContractState.EXPIRED) or processor.days is None:
        return ""
    if processor.days < 0:
        return f"after-{(-processor.days - 1) // _AGAIN_DAYS}"
    return f"before-{min(step for step in STEPS_DAYS if processor.days <= step)}"
