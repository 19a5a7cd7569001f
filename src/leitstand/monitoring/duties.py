"""What the law asks of an incident: deadlines, tasks, and the draft of a notification with the facts known.

GDPR article 33: within 72 hours after having become aware of a personal-data breach, to the supervisory authority.
NIS2 (Directive (EU) 2022/2555, article 23 (4)): early warning within 24 hours, notification within 72 hours, final
report one month after it; here the clock runs from the classification, the moment in which somebody was aware.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.monitoring.incident_values import IncidentView

TASKS = (
    Bilingual("Datenschutzbeauftragte und Geschäftsleitung unterrichten", "Inform the data protection officer and management"),
    Bilingual("Umfang klären: welche Daten, wie viele Personen, wohin", "Find the extent: which data, how many people, where to"),
    Bilingual("Meldung an die Aufsichtsbehörde abschicken oder begründen, warum nicht", "Send the notification to the authority, or give reasons why not"),
    Bilingual("Betroffene benachrichtigen, wenn ihr Risiko hoch ist (Artikel 34)", "Tell the people affected if their risk is high (article 34)"),
    Bilingual("Im Verzeichnis der Verletzungen festhalten (Artikel 33 Absatz 5)", "Record it in the register of breaches (article 33 (5))"),
)  # fmt: skip


class Duty(NamedTuple):
    """One deadline."""

    name: Bilingual
    due: datetime


def duties(view: IncidentView, *, nis2: bool) -> tuple[Duty, ...]:
    """Those that run; none until somebody has classified it as a breach."""
    incident = view.incident
    if incident.classification != "breach" or incident.classified_us is None:
        return ()
    aware = from_us(incident.classified_us)
    found = [
        Duty(
            Bilingual("Meldung nach Art. 33 DSGVO", "Notification, GDPR art. 33"), aware + timedelta(hours=72)
        )
    ]
    if nis2:
        found += [
            Duty(Bilingual("NIS2: Frühwarnung", "NIS2: early warning"), aware + timedelta(hours=24)),
            Duty(Bilingual("NIS2: Meldung", "NIS2: notification"), aware + timedelta(hours=72)),
            Duty(Bilingual("NIS2: Abschlussbericht", "NIS2: final report"), _month_later(aware + timedelta(hours=72))),
        ]  # fmt: skip
    return tuple(sorted(found, key=lambda duty: duty.due))


def _month_later(moment: datetime) -> datetime:
    """The same day of the next month, or its last day."""
    year, month = (moment.year, moment.month + 1) if moment.month < 12 else (moment.year + 1, 1)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month, day=min(moment.day, 28))


def notification(
    view: IncidentView, company: str, officer: str, authority: str, stamp: Callable[[int], str], language: str
) -> str:
    """The draft of the notification (article 33 (3)); what nobody knows yet stands as a question in [brackets]."""
    incident, effect = view.incident, view.effect

    def say(de: str, en: str) -> str:
        return Bilingual(de, en).in_(language)

    ended = stamp(incident.calm_us) if incident.calm_us else say("dauert an", "still going on")
    known = [
        (say("Verantwortlicher", "Controller"), company or say("[Name des Unternehmens]", "[name of the company]")),
        (say("An", "To"), authority or say("[zuständige Aufsichtsbehörde]", "[supervisory authority]")),
        (say("Aktenzeichen bei uns", "Our reference"), incident.number),
        (say("Beginn", "Beginning"), stamp(incident.opened_us)),
        (say("Ende", "End"), ended),
        (say("Bekannt geworden", "Aware since"), stamp(incident.classified_us) if incident.classified_us else ""),
        (say("Art der Verletzung", "Nature of the breach"), f"{incident.title.in_(language)}. {incident.reason}".strip()),
        (say("Verarbeitete Anfragen in dieser Zeit", "Requests in that time"), str(effect.requests)),
        (say("Kategorien und Zahl der Betroffenen", "Categories and number of people"), say("[ungefähr; Beschäftigte, Kunden …]", "[roughly; employees, customers …]")),
        (say("Kategorien und Zahl der Datensätze", "Categories and number of records"), say("[ungefähr]", "[roughly]")),
        (say("Anlaufstelle", "Contact"), officer or say("[Datenschutzbeauftragte mit Kontakt]", "[data protection officer with contact]")),
        (say("Wahrscheinliche Folgen", "Likely consequences"), say("[beschreiben]", "[describe]")),
        (say("Ergriffene Maßnahmen", "Measures taken"), _measures(view, language) or say("[beschreiben]", "[describe]")),
    ]  # fmt: skip
    head = say(
        "Meldung einer Verletzung des Schutzes personenbezogener Daten (Art. 33 DSGVO)",
        "Notification of a personal data breach (GDPR art. 33)",
    )
    return "\n".join([f"# {head}", "", *(f"- **{name}:** {value}" for name, value in known), ""])


def _measures(view: IncidentView, language: str) -> str:
    done = [entry for entry in reversed(view.entries) if entry.kind in ("step", "note", "change")]
    return "; ".join(entry.text.in_(language) for entry in done)
