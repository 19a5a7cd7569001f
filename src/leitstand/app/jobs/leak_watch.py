"""Every night: look again, more strictly, at a sample of what left the house.

Samples are taken in portions, each a step of its own; a sample is noted as looked at together with what was found, so
a killed run finds nothing twice.
"""

from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING

from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn
from leitstand.privacy.scan import Scanner
from leitstand.privacy.wording import scanner_for, wording

if TYPE_CHECKING:
    from leitstand.app.house import House

_NIGHT = Schedule("daily", time(3, 20))
_PORTION = 20
_MOST = 100_000


def build(house: "House") -> Job:
    """The job."""
    return Job(
        "leak-watch",
        Bilingual("Leckwache", "Leak watch"),
        Bilingual(
            "Prüft eine Stichprobe dessen, was das Haus verlassen hat, noch einmal strenger auf personenbezogene Daten.",
            "Looks again, more strictly, for personal data in a sample of what left the house.",
        ),
        lambda: _NIGHT if house.configuration.leak_watch.sample_percent else None,
        lambda turn: work(house, turn),
    )


def work(house: "House", turn: Turn) -> Bilingual:
    """Look at all samples that wait."""
    ids = turn.step("samples", lambda: house.leaks.waiting(_MOST))
    portions = [ids[place : place + _PORTION] for place in range(0, len(ids), _PORTION)]
    scanner = _strict(house)
    found = 0
    for number, portion in enumerate(portions):
        found += turn.step(f"portion {number}", house.leaks.look, portion, scanner)
        turn.progress(min(len(ids), (number + 1) * _PORTION), len(ids))
    if not ids:
        return Bilingual("Keine Stichprobe wartete.", "No sample was waiting.")
    return Bilingual(
        f"{len(ids)} Anfragen geprüft, {found} Funde.", f"{len(ids)} requests looked at, {found} findings."
    )


def _strict(house: "House") -> Scanner:
    """Rules and tagger, also where requests are read by rules alone."""
    return scanner_for(replace(wording(house.configuration, house.today()), detection="full"))
