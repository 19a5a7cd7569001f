"""The rules at one moment: use cases, routes, contracts and the policy table. Replaced as a whole on a change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from leitstand.accounting.runs import RunLimits
from leitstand.core.classes import DataClass, Region, Role
from leitstand.core.money import ZERO, NanoEuro
from leitstand.core.tiers import Tier
from leitstand.providers.base import Target

Strategy = Literal["priority", "weighted", "fastest", "cheapest"]
GENERAL = "allgemein"  # the use case of requests that name none


@dataclass(frozen=True, slots=True)
class Contract:
    """A data-processing agreement (GDPR art. 28): valid from `signed` up to and including `expires`."""

    signed: date | None = None
    expires: date | None = None

    def is_valid(self, today: date) -> bool:
        started = self.signed is not None and self.signed <= today
        return started and (self.expires is None or today <= self.expires)


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of a route: a target with its contract and its share under the strategy `weighted`.

    context_tokens: how long a prompt it takes, as configured.
    """

    target: Target
    contract: Contract | None = None
    weight: float = 1.0
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A public model name and the offers behind it, in the configured order.

    buffered: streams are held back until they are whole. continuation: broken ones are continued.
    hedge_after_s: without content for so long, a second candidate is asked beside the first; None: never.
    tiers: the routes that it chooses from by how demanding a request is; then `offers` are those of all.
    """

    name: str
    offers: tuple[Offer, ...]
    strategy: Strategy = "priority"
    cache: bool = False
    description: str = ""
    buffered: bool = False
    continuation: bool = False
    hedge_after_s: float | None = None
    tiers: Mapping[Tier, str] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        """What people choose by: the name, and what it is good for where that is said."""
        return f"{self.name}: {self.description}" if self.description else self.name


@dataclass(frozen=True, slots=True)
class UseCase:
    """What a request is for. models: allowed public names, empty = all.

    tier: the tier of its requests to a model with tiers; None: each is judged. max_tier: never above.
    semantic_cache: answers are shared between questions that ask the same in other words.
    runs: how far one agent run may go.
    """

    name: str
    title: str = ""
    department: str = ""
    data_class: DataClass = DataClass.INTERNAL
    models: frozenset[str] = frozenset()
    always_pseudonymise: bool = False
    tier: Tier | None = None
    max_tier: Tier | None = None
    semantic_cache: bool = False
    runs: RunLimits = field(default_factory=RunLimits)


@dataclass(frozen=True, slots=True)
class ToolServer:
    """An MCP server: where it is (the offer's target), who may use it, and what it publishes.

    allow, deny: patterns of tool names. roles, use_cases: empty = all. data_class: the highest that it may get.
    cost_nano: booked for each call.
    """

    name: str
    offer: Offer
    title: str = ""
    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()
    roles: frozenset[Role] = frozenset()
    use_cases: frozenset[str] = frozenset()
    data_class: DataClass = DataClass.SPECIAL
    cost_nano: NanoEuro = ZERO
    max_result_bytes: int = 1024 * 1024

    @property
    def target(self) -> Target:
        """Its address, place, secret and patience."""
        return self.offer.target


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """What a data class demands of a target."""

    regions: frozenset[Region]
    pseudonymise: bool
    dpa: bool


_NEAR = frozenset({Region.EU, Region.LOCAL})
DEFAULT_POLICY: Mapping[DataClass, PolicyRow] = {
    DataClass.PUBLIC: PolicyRow(frozenset(Region), pseudonymise=False, dpa=False),
    DataClass.INTERNAL: PolicyRow(
        frozenset({Region.EU, Region.US, Region.LOCAL}), pseudonymise=True, dpa=True
    ),
    DataClass.CONFIDENTIAL: PolicyRow(_NEAR, pseudonymise=True, dpa=True),
    DataClass.PERSONAL: PolicyRow(_NEAR, pseudonymise=True, dpa=True),
    DataClass.SPECIAL: PolicyRow(frozenset({Region.LOCAL}), pseudonymise=True, dpa=True),
}


@dataclass(frozen=True)
class Rulebook:
    """All rules that a request meets before it is sent. contact: whom refusals name. tools: MCP servers by name."""

    routes: Mapping[str, Route] = field(default_factory=dict)
    use_cases: Mapping[str, UseCase] = field(default_factory=dict)
    policy: Mapping[DataClass, PolicyRow] = field(default_factory=lambda: DEFAULT_POLICY)
    contact: str = ""
    tools: Mapping[str, ToolServer] = field(default_factory=dict)

    def general(self) -> UseCase:
        """The use case of requests that name none; a configured one of that name counts."""
        return self.use_cases.get(GENERAL, _GENERAL)


_GENERAL = UseCase(GENERAL, title="Allgemein")
