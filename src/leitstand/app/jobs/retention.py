"""`retention`: every hour, what is older than the retention rules allow goes, slice by slice."""

import time
from typing import TYPE_CHECKING

from leitstand.backup.retain import retain
from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn
from leitstand.journal.chain import Signer

if TYPE_CHECKING:
    from leitstand.app.house import House

_BREATH_S = 0.02  # after each batch, so that requests do not wait for a large purge
_SLICE_S = 10.0


def build(house: "House") -> Job:
    """The job."""

    def remove() -> dict[str, int]:
        """What fits into a slice of time; nothing when nothing is due any more."""
        until_s = time.monotonic() + _SLICE_S

        def go_on() -> bool:
            time.sleep(_BREATH_S)
            return time.monotonic() < until_s

        rules, signer = house.configuration.retention, Signer.load(house.data)
        return dict(retain(house.engine, signer, rules, house.clock, house.spool.write_now, go_on))

    def work(turn: Turn) -> Bilingual:
        total, number = 0, 0
        while removed := turn.step(f"remove-{number}", remove):
            total += sum(removed.values())
            number += 1
        return Bilingual(f"{total} alte Zeilen entfernt.", f"{total} old rows removed.")

    return Job(
        "retention",
        Bilingual("Aufbewahrung", "Retention"),
        Bilingual(
            "Entfernt, was älter ist, als die Aufbewahrungsregeln erlauben.",
            "Removes what is older than the retention rules allow.",
        ),
        lambda: Schedule("hourly"),
        work,
    )
