"""Every morning: say which data-processing agreements end soon or have ended.

Each step (60, 30, 14, 7, 3 days, one day before, then every week) is said once: the record of the journal bears a
number made of provider, day and step, and a number is written once.
"""

from datetime import date, time
from hashlib import sha256

from leitstand.app.desks import desks_of
from leitstand.app.house import House
from leitstand.core.i18n import Bilingual
from leitstand.jobs.schedule import Schedule
from leitstand.jobs.values import Job, Turn
from leitstand.journal.records import Record
from leitstand.policy.contracts import DPAExpiring, Processor, reminder_slot

_MORNING = Schedule("daily", time(6, 30))


def build(house: House) -> Job:
    """The job."""
    return Job(
        "dpa-reminders",
        Bilingual("Verträge mit Auftragsverarbeitern", "Agreements with processors"),
        Bilingual(
            "Meldet Auftragsverarbeitungsverträge, die in 60 Tagen oder früher enden.",
            "Reports data-processing agreements that end within 60 days.",
        ),
        lambda: _MORNING,
        lambda turn: _remind(house, turn),
    )


def _remind(house: House, turn: Turn) -> Bilingual:
    due = [each for each in desks_of(house).policy.processors() if reminder_slot(each)]
    for done, processor in enumerate(due):
        turn.step(f"remind {processor.name}", lambda each=processor: _say(house, each))
        turn.progress(done + 1, len(due))
    if not due:
        return Bilingual(
            "Kein Vertrag endet in den nächsten 60 Tagen.", "No agreement ends in the next 60 days."
        )
    names = ", ".join(each.name for each in due)
    return Bilingual(
        f"Verträge, die enden oder geendet haben: {names}.", f"Agreements ending or ended: {names}."
    )


def _say(house: House, processor: Processor) -> None:
    assert processor.dpa is not None
    assert processor.dpa.expires is not None
    assert processor.days is not None
    house.spool.write_now(
        reminder(
            processor.name,
            processor.dpa.expires,
            processor.days,
            reminder_slot(processor),
            house.clock.time_us(),
        )
    )
    house.events.say(DPAExpiring(processor.name, processor.dpa.expires, processor.days))


def reminder(name: str, expires: date, days: int, slot: str, time_us: int) -> Record:
    """The audit event of one step; the same step has the same number."""
    number = sha256(f"{name}\0{expires}\0{slot}".encode()).hexdigest()[:26]
    kind = "policy.contract.expired" if days < 0 else "policy.contract.reminded"
    return Record(
        id=f"dpa_{number}", kind=kind, time_us=time_us, user="system", provider=name, outcome="ok",
        detail={"expires": expires.isoformat(), "days": days},
    )  # fmt: skip
