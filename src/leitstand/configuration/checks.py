"""What the parts of a configuration must fulfil together: references, doubles, contracts, secrets.

Works on objects that are valid by themselves and on the names that exist elsewhere, so a file may name
what a page created.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from leitstand.configuration import backing_up, channels, keeping, leeway, residency, semantic_cache
from leitstand.configuration import models as m
from leitstand.configuration.finding import Path, Remark, suggestion
from leitstand.configuration.kinds import KINDS
from leitstand.configuration.references import references
from leitstand.configuration.values import EACH, parse_scope
from leitstand.core.classes import Region

DPA_WARNING_DAYS = 60
SHIPPED_CURRENCIES = frozenset({"EUR", "USD"})  # those of accounting/rates.toml; a test compares them
_REFERENCE = ("env:", "file:", "sealed:")


@dataclass(frozen=True, slots=True)
class Placed:
    """A valid object and where it stands. name: as stored (KINDS)."""

    kind: str
    name: str
    value: m.Section
    path: Path = ()


@dataclass(frozen=True)
class Known:
    """What exists already. names: by kind. emails: user by address in lower case. sealed: names of secrets.

    tiers: the models behind each model that has tiers.
    """

    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    departments: frozenset[str] = frozenset()
    emails: Mapping[str, str] = field(default_factory=dict)
    sealed: frozenset[str] = frozenset()
    tiers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, kind: str) -> frozenset[str]:
        """The names of one kind."""
        return self.names.get(kind, frozenset())

    def with_objects(self, placed: Iterable[Placed], declared: Mapping[str, set[str]]) -> "Known":
        """What exists once these objects are applied. declared: names of objects that have faults."""
        names = {kind: set(self.of(kind)) | declared.get(kind, set()) for kind in KINDS}
        departments, tiers = set(self.departments), dict(self.tiers)
        for each in placed:
            names[each.kind].add(each.name)
            if isinstance(each.value, m.User | m.UseCase) and each.value.department:
                departments.add(each.value.department)
            if isinstance(each.value, m.Model):
                tiers[each.name] = frozenset(each.value.tiers.models.values() if each.value.tiers else ())
        return Known(
            {kind: frozenset(found) for kind, found in names.items()},
            frozenset(departments),
            self.emails,
            self.sealed,
            {name: behind for name, behind in tiers.items() if behind},
        )

    def with_secrets(self, names: Iterable[str]) -> "Known":
        """The same with more sealed secrets."""
        return replace(self, sealed=self.sealed | frozenset(names))


def check(placed: list[Placed], known: Known, today: date) -> Iterator[Remark]:
    """Faults and doubts of valid objects; references are checked by `unknown`. known: what exists once `placed` is applied."""
    yield from _doubles(placed)
    yield from _emails(placed, known)
    yield from _semantic_caches(placed)
    for each in placed:
        for rule in _RULES.get(each.kind, ()):
            yield from rule(each, known, today)


def _doubles(placed: list[Placed]) -> Iterator[Remark]:
    seen: set[tuple[str, str]] = set()
    for each in placed:
        if (each.kind, each.name) in seen:
            kind = KINDS[each.kind]
            yield Remark(
                each.path,
                f"„{each.name}“ ({kind.de}) ist doppelt.",
                f"'{each.name}' ({kind.en}) is given twice.",
                "Löschen Sie eine der beiden Angaben oder geben Sie ihr einen anderen Namen.",
                "Delete one of the two, or give it another name.",
            )
        seen.add((each.kind, each.name))


def _emails(placed: list[Placed], known: Known) -> Iterator[Remark]:
    people = {each.name for each in placed if each.kind == "user"}
    owners = {email: user for email, user in known.emails.items() if user not in people}
    for each in placed:
        if not isinstance(each.value, m.User) or each.value.email is None:
            continue
        owner = owners.setdefault(each.value.email.lower(), each.name)
        if owner != each.name:
            yield Remark(
                (*each.path, "email"),
                f"Diese E-Mail-Adresse gehört schon zu „{owner}“.",
                f"This e-mail address belongs to '{owner}' already.",
            )


def _semantic_caches(placed: list[Placed]) -> Iterator[Remark]:
    caches = {each.name: each.value.cache for each in placed if isinstance(each.value, m.Model)}
    for each in placed:
        if isinstance(each.value, m.UseCase):
            yield from semantic_cache.check(each.value, each.path, caches)


def unknown(kind: str, body: object, above: Path, known: Known) -> Iterator[Remark]:
    """A remark for each object that a body names and that does not exist."""
    for each in references(kind, body):
        if each.name not in known.of(each.kind):
            label = KINDS[each.kind]
            yield Remark(
                above + each.path,
                f"„{each.name}“ ({label.de}) gibt es nicht.",
                f"There is no {label.en} '{each.name}'.",
                *suggestion(each.name, known.of(each.kind)),
            )


def _limit(each: Placed, known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Limit)
    scope = parse_scope(each.value.scope)
    if scope.name == EACH or scope.kind not in ("department", "user"):
        return
    # People and their departments may arrive later from sign-in or import: a doubt, no error.
    existing = known.departments if scope.kind == "department" else known.of("user")
    if scope.name not in existing:
        de, en = ("Abteilung", "department") if scope.kind == "department" else ("Person", "user")
        yield Remark(
            (*each.path, "scope"),
            f"„{scope.name}“ ({de}) kommt sonst nirgends vor.",
            f"The {en} '{scope.name}' occurs nowhere else.",
            *suggestion(scope.name, existing),
            severity="warning",
        )


def _limited_tiers(each: Placed, known: Known, _today: date) -> Iterator[Remark]:
    """A call is counted for the model that answers, never for the one that only chooses."""
    assert isinstance(each.value, m.Limit)
    scope = parse_scope(each.value.scope)
    if scope.kind == "model" and scope.name in known.tiers:
        yield _limit_without_effect((*each.path, "scope"), scope.name)


def _channel(each: Placed, known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.AlertChannel)
    if each.value.kind == "email" and not known.of("mail"):
        yield channels.without_mail_server(each.path)


def _leeway(each: Placed, known: Known, today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Extension | m.Grace)
    yield from leeway.check(each.value, each.path, known.of("limit"), today)


def _retention(each: Placed, _known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Retention)
    yield from keeping.check(each.value, each.path)


def _backup(each: Placed, _known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Backup)
    yield from backing_up.check(each.value, each.path)


def _limit_without_effect(path: Path, model: str) -> Remark:
    return Remark(
        path,
        f"„{model}“ hat Stufen; eine Grenze dafür hätte keine Wirkung.",
        f"'{model}' has tiers; a limit on it would have no effect.",
        "Begrenzen Sie die Modelle der Stufen.",
        "Limit the models of its tiers.",
    )


def _tiers(each: Placed, known: Known, _today: date) -> Iterator[Remark]:
    """Models with tiers lead to models with targets, so no choice can go round in a circle."""
    assert isinstance(each.value, m.Model)
    for tier, name in each.value.tiers.models.items() if each.value.tiers else ():
        if name in known.tiers:
            yield Remark(
                (*each.path, "tiers", tier.value),
                f"„{name}“ hat selbst Stufen.",
                f"'{name}' has tiers itself.",
                "Nennen Sie ein Modell mit Zielen.",
                "Name a model with targets.",
            )
    above = [name for name, behind in known.tiers.items() if each.name in behind and name != each.name]
    if each.value.tiers and above:
        yield Remark(
            (*each.path, "tiers"),
            f"„{each.name}“ ist eine Stufe von „{above[0]}“ und kann selbst keine haben.",
            f"'{each.name}' is a tier of '{above[0]}' and cannot have any itself.",
        )
    limits = [name for name in known.of("limit") if name.startswith(f"model:{each.name} ")]
    if each.value.tiers and limits:
        yield _limit_without_effect((*each.path, "tiers"), each.name)


def _dpa(each: Placed, _known: Known, today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Provider | m.MCPServer)
    provider = each.value
    if provider.place is Region.LOCAL:
        return
    if provider.dpa is None:
        yield Remark(
            each.path,
            f"Für „{provider.name}“ ist kein Auftragsverarbeitungsvertrag eingetragen.",
            f"No data-processing agreement is entered for '{provider.name}'.",
            "Ohne Vertrag gehen nur öffentliche Daten dorthin: dpa: {signed: JJJJ-MM-TT, expires: JJJJ-MM-TT}.",
            "Without one only public data goes there: dpa: {signed: YYYY-MM-DD, expires: YYYY-MM-DD}.",
            "warning",
        )
    elif provider.dpa.expires is not None:
        yield from _expiry(provider.dpa.expires, (*each.path, "dpa", "expires"), today)


def _expiry(expires: date, path: Path, today: date) -> Iterator[Remark]:
    if expires < today:
        yield Remark(
            path,
            f"Der Auftragsverarbeitungsvertrag ist am {expires:%d.%m.%Y} abgelaufen.",
            f"The data-processing agreement expired on {expires}.",
            "Es gehen nur öffentliche Daten dorthin, bis er erneuert ist.",
            "Only public data goes there until it is renewed.",
            "warning",
        )
    elif expires < today + timedelta(days=DPA_WARNING_DAYS):
        yield Remark(
            path,
            f"Der Auftragsverarbeitungsvertrag läuft am {expires:%d.%m.%Y} ab.",
            f"The data-processing agreement expires on {expires}.",
            "Erneuern Sie ihn rechtzeitig.",
            "Renew it in time.",
            "warning",
        )


def _secret(each: Placed, known: Known, _today: date) -> Iterator[Remark]:
    for name in KINDS[each.kind].secrets:
        if key := getattr(each.value, name):
            # An address is usually no secret to the one who writes the file; it is sealed all the same.
            yield from _secret_of(key, (*each.path, name), known, doubt=name != "url")


def _secret_of(key: str, path: Path, known: Known, *, doubt: bool) -> Iterator[Remark]:
    if not key.startswith(_REFERENCE):
        if not doubt:
            return
        yield Remark(
            path,
            "Der Schlüssel steht im Klartext in der Datei.",
            "The key stands in the file in clear text.",
            "Besser: env:NAME oder file:PFAD. In der Datenbank wird er verschlüsselt abgelegt.",
            "Better: env:NAME or file:PATH. In the database it is kept encrypted.",
            "warning",
        )
    elif key.startswith("sealed:") and key.removeprefix("sealed:") not in known.sealed:
        yield Remark(
            path,
            f"Der verschlüsselte Schlüssel „{key.removeprefix('sealed:')}“ liegt nicht in dieser Installation.",
            f"The encrypted key '{key.removeprefix('sealed:')}' is not in this installation.",
            "Tragen Sie env:NAME, file:PFAD oder den Schlüssel selbst ein.",
            "Write env:NAME, file:PATH or the key itself.",
        )


def _transport(each: Placed, _known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Provider)
    provider = each.value
    parts = urlsplit(provider.base_url or "")
    if parts.scheme == "http" and provider.place is not Region.LOCAL and not _is_here(parts.hostname or ""):
        yield Remark(
            (*each.path, "base_url"),
            "Die Adresse beginnt mit http://: Anfragen gehen unverschlüsselt über das Netz.",
            "The address starts with http://: requests cross the network unencrypted.",
            "Schreiben Sie https://.",
            "Write https://.",
            "warning",
        )


def _gemini(each: Placed, _known: Known, _today: date) -> Iterator[Remark]:
    """The Gemini API promises no place of processing, so no contract can make `eu` true."""
    assert isinstance(each.value, m.Provider)
    provider = each.value
    inside = provider.place in (Region.EU, Region.LOCAL)
    if provider.kind is m.ProviderKind.GEMINI and inside and not provider.base_url:
        yield Remark(
            (*each.path, "region"),
            f"Die Gemini-API sagt keine Verarbeitung in der Region {provider.place} zu.",
            f"The Gemini API promises no processing in region {provider.place}.",
            "Für die EU gibt es die Art vertex mit location: europe-west3 oder eu.",
            "For the EU there is kind vertex with location: europe-west3 or eu.",
            "warning",
        )


def _residency(each: Placed, _known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.Provider)
    found = residency.contradiction(each.value, each.path) or residency.doubt(each.value, each.path)
    if found is not None:
        yield found


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _special(each: Placed, _known: Known, _today: date) -> Iterator[Remark]:
    assert isinstance(each.value, m.PolicyRule)
    if each.name == "special" and set(each.value.regions) - {Region.LOCAL}:
        yield Remark(
            (*each.path, "regions"),
            "Besondere Kategorien (Art. 9 DSGVO) dürfen damit das Haus verlassen.",
            "Special categories (GDPR article 9) may leave the house with this.",
            "Vorgesehen ist regions: [local].",
            "Intended is regions: [local].",
            "warning",
        )


def _price(each: Placed, known: Known, _today: date) -> Iterator[Remark]:
    """A price in a currency without any rate could not be booked."""
    assert isinstance(each.value, m.Price)
    currency = each.value.currency
    rated = SHIPPED_CURRENCIES | {name.split(" ")[0] for name in known.of("exchange_rate")}
    if currency not in rated:
        yield Remark(
            (*each.path, "currency"),
            f"Für {currency} gibt es keinen Wechselkurs.",
            f"There is no exchange rate for {currency}.",
            f"exchange_rates: [{{currency: {currency}, date: JJJJ-MM-TT, per_euro: …}}]",
            f"exchange_rates: [{{currency: {currency}, date: YYYY-MM-DD, per_euro: …}}]",
        )


_RULES: Mapping[str, tuple[Callable[[Placed, Known, date], Iterator[Remark]], ...]] = {
    "provider": (_dpa, _secret, _transport, _gemini, _residency),
    "model": (_tiers,),
    "limit": (_limit, _limited_tiers),
    "extension": (_leeway,),
    "grace": (_leeway,),
    "price": (_price,),
    "policy": (_special,),
    "retention": (_retention,),
    "backup": (_backup,),
    "mcp_server": (_dpa, _secret),
    "alert_channel": (_channel, _secret),
    "mail": (_secret,),
    "heartbeat": (_secret,),
}
