"""`housekeeping`: every hour, ended sessions, unused client files and old runs of jobs go."""

from datetime import time
from typing import TYPE_CHECKING

from leitstand.core.i18n import Bilingual
from leitstand.identity.repository import SessionRows
from leitstand.jobs.repository import KEPT_DAYS, JobRows
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn

if TYPE_CHECKING:
    from leitstand.app.house import House

_DAY_US = 86_400_000_000


def build(house: "House") -> Job:
    """The job."""

    def erase_files() -> bool:
        return house.vault.remove_expired(house.configuration.privacy.vault_days) is not None

    def work(turn: Turn) -> Bilingual:
        now_us = house.clock.time_us()
        sessions = turn.step("sessions", SessionRows(house.engine).remove_expired, now_us)
        erased = turn.step("client-files", erase_files)
        turn.step("leak-samples", house.leaks.remove_expired)
        turn.step("alerts", house.monitoring.forget)
        runs = turn.step("runs", JobRows(house.engine).expire, now_us - KEPT_DAYS * _DAY_US)
        files_de, files_en = (
            ("ungenutzte Mandantenakten gelöscht", "unused client files erased")
            if erased
            else ("keine Mandantenakte abgelaufen", "no client file had expired")
        )
        return Bilingual(
            f"{sessions} beendete Sitzungen und {runs} alte Läufe entfernt, {files_de}.",
            f"{sessions} ended sessions and {runs} old runs removed, {files_en}.",
        )

    return Job(
        "housekeeping",
        Bilingual("Aufräumen", "Housekeeping"),
        Bilingual(
            "Entfernt beendete Sitzungen, lange ungenutzte Mandantenakten und alte Läufe.",
            "Removes ended sessions, client files that nobody used for long, and old runs.",
        ),
        lambda: Schedule("hourly", time(0, 20)),
        work,
    )
