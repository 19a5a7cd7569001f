"""States of the house that rules watch, as a table; the house measures them (app/monitoring.py).

Each is a signal named like the gauge. The higher, the worse.
"""

from dataclasses import dataclass

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.facts import Facts
from leitstand.monitoring.signals import Signal, Unit
from leitstand.monitoring.values import Reading


@dataclass(frozen=True)
class Gauge:
    """One state. labels: which subjects it has."""

    name: str
    title: Bilingual
    unit: Unit
    labels: tuple[str, ...] = ()


GAUGES = (
    Gauge("disk_used", Bilingual("Belegter Plattenplatz", "Disk in use"), "share"),
    Gauge("spool_age", Bilingual("Ältester wartender Journaldatensatz", "Oldest waiting journal record"), "s"),
    Gauge("database_away", Bilingual("Datenbank nicht erreichbar seit", "Database away for"), "s"),
    Gauge("limits_alone", Bilingual("Budgets ohne Valkey seit", "Budgets without Valkey for"), "s"),
    Gauge("backup_overdue", Bilingual("Sicherung überfällig", "Backup overdue"), "count", ("part",)),
    Gauge("contract_ends", Bilingual("Vertrag endet (60 minus Tage)", "Contract ends (60 minus days)"), "days", ("provider",)),
    Gauge("key_overdue", Bilingual("Schlüssel zu erneuern", "Keys to be rotated"), "count"),
    Gauge("limit_reached", Bilingual("Anteil eines Budgets", "Share of a budget"), "share", ("scope", "measure")),
    Gauge("queue_waiting", Bilingual("Wartende Anfragen", "Waiting requests"), "count", ("provider",)),
    Gauge("job_failed", Bilingual("Hintergrundarbeit gescheitert", "Background work failed"), "count", ("job",)),
    Gauge("channel_failing", Bilingual("Meldeweg gestört", "Alert channel failing"), "count", ("channel",)),
    Gauge("document_overdue", Bilingual("Überfällige Dokumente", "Overdue documents"), "count", ("source",)),
)  # fmt: skip


def signal(gauge: Gauge) -> Signal:
    """A gauge as what rules are made of."""

    def read(facts: Facts, _window_s: float) -> list[Reading]:
        return list(facts.gauge(gauge.name))

    return Signal(gauge.name, gauge.title, gauge.unit, read)
