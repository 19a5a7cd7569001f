"""The ways out of a configuration: routes, hours and channels with their secrets, as delivery needs them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from leitstand.configuration.calendar import BusinessCalendar, TeamHours
from leitstand.configuration.channels import AlertChannel, Mail
from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import KINDS
from leitstand.core.business_hours import BusinessHours, Hours
from leitstand.core.clock import from_us
from leitstand.monitoring.delivery import Ways
from leitstand.monitoring.on_call import Rota
from leitstand.monitoring.routes import ConfiguredRoutes
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Rule
from leitstand.monitoring.wording import Wording

MAIL_PASSWORD = "mail_password"  # noqa: S105 - the name of a field


def routes_of(configuration: Configuration) -> ConfiguredRoutes:
    """Who hears of what."""
    return ConfiguredRoutes(configuration.alert_channels, configuration.alert_routes, rota_of(configuration))


def rota_of(configuration: Configuration) -> Rota | None:
    """Who is on duty; None without the section."""
    if configuration.on_call is None:
        return None
    return Rota(configuration.on_call, ZoneInfo(configuration.organisation.timezone))


def ways_of(
    configuration: Configuration,
    rules: Iterable[Rule],
    signals: Mapping[str, Signal],
    resolve: Callable[[str], str],
    address: str,
) -> Ways:
    """The channels as they are now. resolve: finds the secret behind a reference; raises SecretMissing."""
    language = configuration.organisation.language
    zone = ZoneInfo(configuration.organisation.timezone)
    wording = Wording({rule.name: rule for rule in rules}, signals, language, zone, address)
    hours = business_hours(configuration)

    def opens_us(now_us: int) -> int:
        return int(hours.opens(from_us(now_us)).timestamp() * 1_000_000)

    return Ways(
        configuration.alert_channels, routes_of(configuration).others, opens_us,
        lambda channel: _secrets(channel, configuration.mail, resolve), wording, language, configuration.mail,
    )  # fmt: skip


def _secrets(channel: AlertChannel, mail: Mail | None, resolve: Callable[[str], str]) -> dict[str, str]:
    """All fields that may hold a secret, in clear, by name."""
    found = {
        name: resolve(reference)
        for name in KINDS["alert_channel"].secrets
        if (reference := getattr(channel, name)) is not None
    }
    if channel.kind == "email" and mail is not None and mail.password is not None:
        found[MAIL_PASSWORD] = resolve(mail.password)
    return found


def business_hours(configuration: Configuration) -> BusinessHours:
    """The calendar of a configuration."""
    calendar = configuration.calendar
    return BusinessHours(
        ZoneInfo(configuration.organisation.timezone),
        _hours(calendar),
        configuration.organisation.state,
        calendar.holidays,
        tuple((each.begins, each.ends or each.begins, each.name) for each in calendar.closed),
        {each.department: _hours(each) for each in calendar.teams},
    )


def _hours(given: BusinessCalendar | TeamHours) -> Hours:
    return Hours(frozenset(given.days), _time(given.begins), _time(given.ends))


def _time(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
