"""On demand: the what-if scenarios that wait, each replayed day by day."""

from leitstand.app.house import House
from leitstand.app.what_if import JOB
from leitstand.core.i18n import Bilingual
from leitstand.jobs.values import Job


def build(house: House) -> Job:
    """The job."""
    return Job(
        JOB,
        Bilingual("Was wäre wenn", "What if"),
        Bilingual(
            "Rechnet angefragte Szenarien Tag für Tag aus den Nachweisen nach.",
            "Replays requested scenarios day by day from the records.",
        ),
        lambda: None,
        house.what_if.scenarios.work,
    )
