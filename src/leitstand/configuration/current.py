"""The configuration in force, typed: what the rest of the house works with; replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec
from pydantic import ValidationError
from sqlalchemy import Engine

from leitstand.configuration import models as m
from leitstand.configuration import repository
from leitstand.configuration.kinds import KINDS
from leitstand.core.classes import DataClass, Region

_EVERYWHERE = (Region.EU, Region.US, Region.OTHER, Region.LOCAL)
_AT_HOME = (Region.EU, Region.LOCAL)

DEFAULT_POLICY: Mapping[DataClass, m.PolicyRule] = MappingProxyType(
    {
        DataClass.PUBLIC: m.PolicyRule(regions=_EVERYWHERE, pseudonymise=False, dpa=False),
        DataClass.INTERNAL: m.PolicyRule(regions=(Region.EU, Region.US, Region.LOCAL)),
        DataClass.CONFIDENTIAL: m.PolicyRule(regions=_AT_HOME),
        DataClass.PERSONAL: m.PolicyRule(regions=_AT_HOME),
        DataClass.SPECIAL: m.PolicyRule(regions=(Region.LOCAL,)),
    }
)


class ConfigurationBroken(Exception):
    """A stored object cannot be read: it was written by a newer version, or changed by other means."""


@dataclass(frozen=True)
class Configuration:
    """Everything that is set, with defaults for what is not. All mappings are by stored name.

    version: grows with each change. limits: by scope and measure, exactly one measure each.
    policy: has a rule for every data class.
    """

    version: int = 0
    organisation: m.Organisation = field(default_factory=m.Organisation)
    providers: Mapping[str, m.Provider] = field(default_factory=dict)
    models: Mapping[str, m.Model] = field(default_factory=dict)
    use_cases: Mapping[str, m.UseCase] = field(default_factory=dict)
    users: Mapping[str, m.User] = field(default_factory=dict)
    limits: Mapping[str, m.Limit] = field(default_factory=dict)
    extensions: Mapping[str, m.Extension] = field(default_factory=dict)
    graces: Mapping[str, m.Grace] = field(default_factory=dict)
    prices: Mapping[str, m.Price] = field(default_factory=dict)
    policy: Mapping[DataClass, m.PolicyRule] = field(default_factory=lambda: DEFAULT_POLICY)
    alert_channels: Mapping[str, m.AlertChannel] = field(default_factory=dict)
    alert_routes: Mapping[str, m.AlertRoute] = field(default_factory=dict)
    alert_rules: Mapping[str, m.AlertRule] = field(default_factory=dict)
    mail: m.Mail | None = None
    on_call: m.OnCall | None = None
    calendar: m.BusinessCalendar = field(default_factory=m.BusinessCalendar)
    incidents: m.Incidents = field(default_factory=m.Incidents)
    heartbeat: m.Heartbeat | None = None
    exchange_rates: Mapping[str, m.ExchangeRate] = field(default_factory=dict)
    privacy: m.Privacy = field(default_factory=m.Privacy)
    terms: Mapping[str, m.Term] = field(default_factory=dict)
    patterns: Mapping[str, m.Pattern] = field(default_factory=dict)
    leak_watch: m.LeakWatch = field(default_factory=m.LeakWatch)
    unusual_usage: m.UnusualUsage = field(default_factory=m.UnusualUsage)
    retention: m.Retention = field(default_factory=m.Retention)
    backup: m.Backup = field(default_factory=m.Backup)
    mcp_servers: Mapping[str, m.MCPServer] = field(default_factory=dict)


class _Envelope(msgspec.Struct):
    value: msgspec.Raw


class Loader:
    """Reads the stored configuration; objects that have not changed since the last time are kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[tuple[str, str], tuple[str, m.Section]] = {}
        self._envelopes = msgspec.json.Decoder(_Envelope)

    def version(self) -> int:
        """The stored version; cheap."""
        return repository.version(self._engine)

    def load(self) -> Configuration:
        """The whole configuration; raises ConfigurationBroken. 100,000 users: see docs/configuration.md."""
        version = self.version()  # read first: rows that are newer only cause one more load
        kept: dict[tuple[str, str], tuple[str, m.Section]] = {}
        for row in repository.rows(self._engine):
            known = self._kept.get((row.kind, row.name))
            value = known[1] if known and known[0] == row.body else self._decode(row)
            kept[row.kind, row.name] = (row.body, value)
        self._kept = kept
        return _assemble(version, {place: value for place, (_, value) in kept.items()})

    def _decode(self, row: repository.Row) -> m.Section:
        try:
            raw = self._envelopes.decode(row.body).value
            return KINDS[row.kind].model.model_validate_json(bytes(raw))
        except (KeyError, msgspec.DecodeError, ValidationError) as cause:
            raise ConfigurationBroken(
                f"the stored {row.kind} '{row.name}' cannot be read; was it written by a newer version? ({cause})"
            ) from cause


def load(engine: Engine) -> Configuration:
    """The configuration in force; raises ConfigurationBroken."""
    return Loader(engine).load()


def _assemble(version: int, objects: Mapping[tuple[str, str], m.Section]) -> Configuration:
    by_kind: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for (kind, name), value in objects.items():
        by_kind[kind][name] = value
    return Configuration(
        version=version,
        organisation=by_kind["organisation"].get("organisation", m.Organisation()),
        providers=by_kind["provider"],
        models=by_kind["model"],
        use_cases=by_kind["use_case"],
        users=by_kind["user"],
        limits=by_kind["limit"],
        extensions=by_kind["extension"],
        graces=by_kind["grace"],
        prices=by_kind["price"],
        policy={
            **DEFAULT_POLICY,
            **{DataClass.parse(word): rule for word, rule in by_kind["policy"].items()},
        },
        alert_channels=by_kind["alert_channel"],
        alert_routes=by_kind["alert_route"],
        alert_rules=by_kind["alert_rule"],
        mail=by_kind["mail"].get("mail"),
        on_call=by_kind["on_call"].get("on_call"),
        calendar=by_kind["calendar"].get("calendar", m.BusinessCalendar()),
        incidents=by_kind["incidents"].get("incidents", m.Incidents()),
        heartbeat=by_kind["heartbeat"].get("heartbeat"),
        exchange_rates=by_kind["exchange_rate"],
        privacy=by_kind["privacy"].get("privacy", m.Privacy()),
        terms=by_kind["term"],
        patterns=by_kind["pattern"],
        leak_watch=by_kind["leak_watch"].get("leak_watch", m.LeakWatch()),
        unusual_usage=by_kind["unusual_usage"].get("unusual_usage", m.UnusualUsage()),
        retention=by_kind["retention"].get("retention", m.Retention()),
        backup=by_kind["backup"].get("backup", m.Backup()),
        mcp_servers=by_kind["mcp_server"],
    )
