"""On the first of each month at five: the review of the month that ended. On demand with `month` any month."""

from datetime import time, timedelta

from leitstand.app.house import House
from leitstand.core.i18n import Bilingual
from leitstand.core.money import euro
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn

_WHEN = Schedule("monthly", time(5), 1)


def build(house: House) -> Job:
    """The job."""

    def work(turn: Turn) -> Bilingual:
        ended = f"{turn.due.replace(day=1) - timedelta(days=1):%Y-%m}"
        month = turn.options.get("month") or ended

        def generate() -> int:
            return house.reviews.generate(
                month, turn.options.get("actor") or "system"
            ).review.totals.cost_nano

        cost = euro(turn.step(f"review {month}", generate))
        amount = f"{cost:.2f}"
        return Bilingual(
            f"Rückblick auf {month} erstellt: {amount.replace('.', ',')} EUR.",
            f"Review of {month} generated: {amount} EUR.",
        )

    return Job(
        "monthly-review",
        Bilingual("Monatsrückblick", "Monthly review"),
        Bilingual(
            "Erstellt den Rückblick auf Kosten und Grenzen des vergangenen Monats.",
            "Generates the review of cost and limits of the month that ended.",
        ),
        lambda: _WHEN,
        work,
    )
