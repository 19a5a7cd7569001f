"""The kinds of configuration objects: their section in the file, their model, their name among people."""

from dataclasses import dataclass
from typing import Any

from leitstand.configuration import models as m

Body = dict[str, Any]
_SECRETS: dict[type[m.Section], tuple[str, ...]] = {
    m.Provider: ("api_key",),
    m.MCPServer: ("api_key",),
    m.AlertChannel: ("url", "secret"),
    m.Mail: ("password",),
    m.Heartbeat: ("url",),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. path: where its objects stand in the file. shape: `list`, `single` or `table` (by name)."""

    name: str
    path: tuple[str, ...]
    model: type[m.Section]
    de: str
    en: str
    shape: str = "list"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Fields that hold a secret or a reference to one."""
        return _SECRETS.get(self.model, ())

    @property
    def private(self) -> frozenset[str]:
        """Fields whose values stay out of the audit trail."""
        return frozenset(
            name for name, field in self.model.model_fields.items() if field.json_schema_extra == m.PRIVATE
        )


KINDS = {
    kind.name: kind
    for kind in (
        Kind("organisation", ("organisation",), m.Organisation, "Unternehmen", "organisation", "single"),
        Kind("provider", ("providers",), m.Provider, "Anbieter", "provider"),
        Kind("model", ("models",), m.Model, "Modell", "model"),
        Kind("use_case", ("use_cases",), m.UseCase, "Anwendungsfall", "use case"),
        Kind("user", ("users",), m.User, "Person", "user"),
        Kind("limit", ("limits",), m.Limit, "Grenze", "limit"),
        Kind("extension", ("extensions",), m.Extension, "Erweiterung", "extension"),
        Kind("grace", ("graces",), m.Grace, "Kulanz", "grace"),
        Kind("price", ("prices",), m.Price, "Preis", "price"),
        Kind(
            "policy", ("policy",), m.PolicyRule, "Regel für die Datenklasse", "rule for data class", "table"
        ),
        Kind("alert_channel", ("alerts", "channels"), m.AlertChannel, "Meldeweg", "alert channel"),
        Kind("alert_route", ("alerts", "routes"), m.AlertRoute, "Meldekette", "alert route"),
        Kind("alert_rule", ("alerts", "rules"), m.AlertRule, "Meldungsregel", "alert rule"),
        Kind("mail", ("mail",), m.Mail, "Mailserver", "mail server", "single"),
        Kind("on_call", ("on_call",), m.OnCall, "Bereitschaft", "on-call rota", "single"),
        Kind("calendar", ("calendar",), m.BusinessCalendar, "Arbeitszeiten", "business calendar", "single"),
        Kind("incidents", ("incidents",), m.Incidents, "Vorfälle", "incidents", "single"),
        Kind("heartbeat", ("heartbeat",), m.Heartbeat, "Herzschlag", "heartbeat", "single"),
        Kind("exchange_rate", ("exchange_rates",), m.ExchangeRate, "Wechselkurs", "exchange rate"),
        Kind("privacy", ("privacy",), m.Privacy, "Begriffe", "privacy terms", "single"),
        Kind("term", ("terms",), m.Term, "Begriff", "term"),
        Kind("pattern", ("patterns",), m.Pattern, "Muster", "pattern"),
        Kind("leak_watch", ("leak_watch",), m.LeakWatch, "Leckwache", "leak watch", "single"),
        Kind(
            "unusual_usage",
            ("unusual_usage",),
            m.UnusualUsage,
            "Auffälliger Verbrauch",
            "unusual usage",
            "single",
        ),
        Kind("retention", ("retention",), m.Retention, "Aufbewahrung", "retention", "single"),
        Kind("backup", ("backup",), m.Backup, "Sicherung", "backup", "single"),
        Kind("mcp_server", ("mcp_servers",), m.MCPServer, "MCP-Server", "MCP server"),
    )
}


def plain(value: m.Section) -> Body:
    """What was set explicitly, as JSON types in canonical form: two equal settings give equal bodies."""
    return value.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def split(value: m.Section) -> list[Body]:
    """The bodies to store: one per measure for a limit, one for everything else."""
    body = plain(value)
    if not isinstance(value, m.Limit):
        return [body]
    shared = {name: inner for name, inner in body.items() if name not in m.MEASURES}
    return [{**shared, measure: body[measure]} for measure in value.measures]
