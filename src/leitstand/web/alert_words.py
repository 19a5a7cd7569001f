"""How pages word alerts: gravity, amounts, durations, thresholds."""

from leitstand.core.clock import from_us
from leitstand.monitoring.desk import Sight
from leitstand.monitoring.signals import Unit
from leitstand.monitoring.values import Alert, Level, Rule, Severity
from leitstand.web import ports
from leitstand.web.format import NBSP, NONE
from leitstand.web.navigation import N_
from leitstand.web.visit import Visit

SEVERITIES: dict[Severity, tuple[ports.Level, str]] = {
    "critical": ("crit", N_("kritisch")),
    "warning": ("warn", N_("Warnung")),
}
UNITS: dict[Unit, str] = {
    "share": N_("Prozent"),
    "s": N_("Sekunden"),
    "days": N_("Tage"),
    "count": N_("Anzahl"),
}


def amount(visit: Visit, unit: Unit | None, value: float | None) -> str:
    """A value of a signal."""
    if value is None or unit is None:
        return NONE
    if unit == "share":
        return str(visit.form.percent(value))
    if unit == "s":
        return str(visit.form.seconds(value))
    number = visit.form.number(value, 0 if value == int(value) else 1)
    return f"{number}{NBSP}{visit.say('Tage')}" if unit == "days" else number


def title(visit: Visit, alert: Alert, rule: Rule | None) -> str:
    """What it is about."""
    name = visit.tell(rule.title) if rule else alert.rule
    subject = ", ".join(value for _, value in alert.labels)
    return f"{name}: {subject}" if subject else name


def measured(visit: Visit, sight: Sight) -> str:
    """The last value against its limit."""
    if sight.level is None or sight.signal is None or sight.alert.value is None:
        return NONE
    value, limit = (amount(visit, sight.signal.unit, each) for each in (sight.alert.value, sight.level.fires))
    return visit.say("%(value)s (Grenze %(limit)s)", value=value, limit=limit)


def lasted(visit: Visit, since_us: int, until_us: int) -> str:
    """A duration: `unter 1 min`, `43 min`, `3 h 5 min`, `2 Tage 4 h`."""
    minutes = max(0, until_us - since_us) // 60_000_000
    if minutes < 1:
        return visit.say("unter 1 min")
    if minutes < 60:
        return f"{minutes}{NBSP}min"
    if minutes < 48 * 60:
        return f"{minutes // 60}{NBSP}h" + (f" {minutes % 60}{NBSP}min" if minutes % 60 else "")
    return visit.say("%(days)s Tage", days=minutes // 1440)


def moment(visit: Visit, time_us: int | None) -> str:
    """`18.11. 10:03`."""
    if time_us is None:
        return NONE
    at = from_us(time_us)
    return f"{visit.form.short_date(at)} {visit.form.clock(at)}"


def iso(visit: Visit, time_us: int | None) -> str:
    """For `<time datetime>`."""
    return "" if time_us is None else visit.form.iso(from_us(time_us))


def threshold(visit: Visit, unit: Unit | None, level: Level) -> str:
    """`Warnung über 5,0 %, wenn 1 min lang; vorbei bei 3,0 %`."""
    _, word = SEVERITIES[level.severity]
    said = visit.say("%(word)s über %(limit)s", word=visit.say(word), limit=amount(visit, unit, level.fires))
    if level.for_s:
        said += ", " + visit.say("wenn %(time)s lang", time=lasted(visit, 0, int(level.for_s * 1_000_000)))
    if level.clears < level.fires:
        said += "; " + visit.say("vorbei bei %(limit)s", limit=amount(visit, unit, level.clears))
    return said


LABELS = {
    "rule": N_("Regel"),
    "severity": N_("Schwere"),
    "provider": N_("Anbieter"),
    "model": N_("Modell"),
    "use_case": N_("Anwendungsfall"),
    "scope": N_("Bereich"),
    "measure": N_("Maß"),
    "part": N_("Teil"),
    "job": N_("Hintergrundarbeit"),
    "channel": N_("Meldeweg"),
    "source": N_("Quelle"),
    "event": N_("Ereignis"),
}
