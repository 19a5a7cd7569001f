"""Every night at 03:10: the proof that counters, journal and hourly sums tell the same of every limit."""

from datetime import time

from leitstand.accounting.balance.desk import figures
from leitstand.app.house import House
from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn

_NIGHTLY = Schedule("daily", time(3, 10))


def build(house: House) -> Job:
    """The job."""

    def work(turn: Turn) -> Bilingual:
        found = turn.step("verify", lambda: figures(house.balance.verify("system")))
        differences = found["differences"]
        mended = sum(each["mended"] for each in differences)
        if not differences:
            return Bilingual(
                f"{found['accounts']} Grenzen verglichen: Zähler, Protokoll und Stundensummen stimmen überein.",
                f"{found['accounts']} limits compared: counters, journal and hourly sums agree.",
            )
        return Bilingual(
            f"{len(differences)} Abweichungen bei {found['accounts']} Grenzen, {mended} davon behoben. Siehe Kosten, Abgleich.",
            f"{len(differences)} differences at {found['accounts']} limits, {mended} of them mended. See Costs, Reconciliation.",
        )

    return Job(
        "balance",
        Bilingual("Abgleich der Grenzen", "Balance of limits"),
        Bilingual(
            "Vergleicht Zähler, Protokoll und Stundensummen jeder Grenze und behebt, was sich sicher beheben lässt.",
            "Compares counters, journal and hourly sums of every limit, and mends what is safe to mend.",
        ),
        lambda: _NIGHTLY,
        work,
    )
