"""From the stored configuration to the rules that requests are judged by."""

import logging
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from leitstand.accounting.budgets.rules import leeway as leeway
from leitstand.accounting.budgets.rules import limit_rules as limit_rules
from leitstand.accounting.pricebook import PriceBook
from leitstand.accounting.pricelists.book import price_book as price_book
from leitstand.accounting.prices import cost
from leitstand.accounting.runs import RunLimits
from leitstand.accounting.wording import Contact
from leitstand.configuration import models as stored
from leitstand.configuration.current import Configuration
from leitstand.configuration.models import MCPServer, Provider
from leitstand.configuration.secrets import SecretMissing, SecretResolver
from leitstand.core.classes import DataClass, Role
from leitstand.core.conversation import Usage
from leitstand.core.money import ZERO, NanoEuro, nano
from leitstand.core.tiers import Tier
from leitstand.gateway.call import price_of
from leitstand.identity.callers import KeyRing, Network, Person, StoredKey
from leitstand.identity.repository import KeyRow
from leitstand.policy.rulebook import Contract, Offer, PolicyRow, Route, Rulebook, ToolServer, UseCase
from leitstand.providers.base import Limits, Patience, Target

_log = logging.getLogger(__name__)
_ADMINS = (Role.ADMIN, Role.SUPER_ADMIN)
MCP_PREFIX = "mcp:"  # before an MCP server's name among the resolved secrets
# Fields of some kinds only, handed to their adapters by name.
_OPTIONS = (
    "project", "location", "aws_region", "access_key_id", "api_version", "entra_tenant", "entra_client_id",
    "entra_authority", "api",
)  # fmt: skip
_PATIENCE = ("connect", "first_token", "idle", "total")


def people(configuration: Configuration) -> dict[str, Person]:
    """Users as persons, by name."""
    return {
        user.name: Person(
            user.name,
            user.email or "",
            user.display_name or user.name,
            user.department,
            user.role,
            user.active,
        )
        for user in configuration.users.values()
    }


def rulebook(configuration: Configuration, secrets: Mapping[str, str]) -> Rulebook:
    """Routes, use cases and policy. secrets: resolved API keys by provider name, by `mcp:NAME` for MCP servers."""
    return Rulebook(
        routes={name: _route(model, configuration, secrets) for name, model in configuration.models.items()},
        use_cases={name: _use_case(use_case) for name, use_case in configuration.use_cases.items()},
        policy={
            data_class: PolicyRow(frozenset(rule.regions), rule.pseudonymise, rule.dpa)
            for data_class in DataClass
            if (rule := configuration.policy[data_class])
        },
        contact=_contact(configuration),
        tools={name: _tool_server(server, secrets) for name, server in configuration.mcp_servers.items()},
    )


def contact(configuration: Configuration) -> Contact:
    """Whom refusals of the ledger name."""
    names = _contact(configuration)
    return Contact(names, names) if names else Contact()


def _contact(configuration: Configuration) -> str:
    """Whom refusals name: the people who may change rules, at most two."""
    admins = [user for user in configuration.users.values() if user.active and user.role in _ADMINS]
    return ", ".join(user.display_name or user.name for user in admins[:2])


def _route(model: stored.Model, configuration: Configuration, secrets: Mapping[str, str]) -> Route:
    if model.tiers is not None:
        return _tiered_route(model, configuration, secrets)
    offers = tuple(
        Offer(
            _target(provider, target.model, secrets),
            _contract(provider),
            float(target.weight),
            target.context_tokens,
        )
        for target in model.targets
        if (provider := configuration.providers.get(target.provider)) is not None
    )
    return Route(
        model.name, offers, model.strategy.value, model.cache, model.description,
        buffered=model.buffered, continuation=model.continuation, hedge_after_s=model.hedge_after,
    )  # fmt: skip


def _tiered_route(model: stored.Model, configuration: Configuration, secrets: Mapping[str, str]) -> Route:
    assert model.tiers is not None
    behind = {
        tier: configuration.models[name]
        for tier, name in model.tiers.models.items()
        if name in configuration.models and configuration.models[name].tiers is None
    }
    offers = dict.fromkeys(
        offer for each in behind.values() for offer in _route(each, configuration, secrets).offers
    )
    tiers = {tier: each.name for tier, each in behind.items()}
    return Route(model.name, tuple(offers), description=model.description, tiers=tiers)


def _target(provider: stored.Provider, model: str, secrets: Mapping[str, str]) -> Target:
    waits = {f"{name}_s": float(getattr(provider.timeouts, name)) for name in _PATIENCE}
    return Target(
        provider=provider.name,
        kind=provider.kind.value,
        model=model,
        region=provider.place,
        base_url=provider.base_url or "",
        secret=secrets.get(provider.name, ""),
        patience=Patience(**waits),
        limits=Limits(
            provider.limits.requests_per_minute,
            provider.limits.tokens_per_minute,
            provider.limits.concurrency,
            float(provider.limits.max_wait),
        ),
        probe_every_s=float(provider.probe.every),
        options=tuple((name, value) for name in _OPTIONS if (value := getattr(provider, name))),
    )


def _tool_server(server: stored.MCPServer, secrets: Mapping[str, str]) -> ToolServer:
    target = Target(
        provider=server.name, kind="mcp", model="", region=server.place, base_url=server.url,
        secret=secrets.get(f"{MCP_PREFIX}{server.name}", ""), patience=Patience(total_s=float(server.timeout)),
    )  # fmt: skip
    return ToolServer(
        server.name,
        Offer(target, _contract(server)),
        title=server.title or server.name,
        allow=server.tools.allow,
        deny=server.tools.deny,
        roles=frozenset(server.roles),
        use_cases=frozenset(server.use_cases),
        data_class=server.data_class,
        cost_nano=nano(server.cost_per_call),
        max_result_bytes=server.max_result_kib * 1024,
    )


def _contract(provider: stored.Provider | stored.MCPServer) -> Contract | None:
    return None if provider.dpa is None else Contract(provider.dpa.signed, provider.dpa.expires)


def _use_case(use_case: stored.UseCase) -> UseCase:
    return UseCase(
        use_case.name,
        title=use_case.title or use_case.name,
        department=use_case.department,
        data_class=use_case.data_class,
        models=frozenset(use_case.models),
        always_pseudonymise=use_case.pseudonymise == "always",
        tier=None if use_case.tier == "auto" else Tier(use_case.tier),
        max_tier=use_case.max_tier,
        semantic_cache=use_case.semantic_cache,
        runs=RunLimits(
            use_case.runs.max_steps, None if use_case.runs.max_eur is None else nano(use_case.runs.max_eur)
        ),
    )


def dearest_nano(book: Rulebook, prices: PriceBook, model: str, usage: Usage) -> NanoEuro:
    """The cost of a usage at the dearest target of a public model name; KeyError for an unknown one."""
    offers = book.routes[model].offers
    return max((cost(usage, price_of(prices, offer.target)) for offer in offers), default=ZERO)


def api_keys(configuration: Configuration, secrets: SecretResolver) -> dict[str, str]:
    """Keys of providers by name, of MCP servers by MCP_PREFIX and name; one that cannot be found is logged."""
    found = {}
    holders: dict[str, Provider | MCPServer] = dict(configuration.providers)
    holders |= {f"{MCP_PREFIX}{each.name}": each for each in configuration.mcp_servers.values()}
    for name, holder in holders.items():
        if holder.api_key is None:
            continue
        try:
            found[name] = secrets.resolve(holder.api_key)
        except SecretMissing as missing:
            _log.warning("no API key: %s", missing.en, extra={"provider": name})
    return found


def key_ring(rows: Iterable[KeyRow], configuration: Configuration, pepper: bytes) -> KeyRing:
    """The virtual keys that the gateway knows, with the people whom they belong to."""
    keys = {
        row.digest: StoredKey(
            row.id, row.user, frozenset(row.use_cases), frozenset(row.models), _networks(row.networks),
            row.expires_us, row.revoked_us,
        )
        for row in rows
    }  # fmt: skip
    return KeyRing(keys, people(configuration), pepper)


def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)
