"""Silences on the page of alerts: what is shown of one, the form for a new one, what it would mute."""

from dataclasses import dataclass, replace
from datetime import datetime

from leitstand.core.errors import InvalidRequest
from leitstand.monitoring.desk import Board, Preview, SilenceWish
from leitstand.monitoring.values import Alert, Silence
from leitstand.web.alert_words import LABELS, moment
from leitstand.web.visit import Visit


@dataclass(frozen=True)
class SilenceRow:
    """One silence. kind: silence or maintenance window, in words."""

    id: str
    about: str
    kind: str
    span: str
    who: str
    comment: str


@dataclass(frozen=True)
class SilenceForm:
    """What the form holds: rule, subject and its value, begin and end as the browser writes them."""

    rule: str = ""
    label: str = ""
    value: str = ""
    begins: str = ""
    ends: str = ""
    comment: str = ""
    maintenance: bool = False


def silence_row(visit: Visit, silence: Silence, titles: dict[str, str]) -> SilenceRow:
    named = [
        f"{visit.say(LABELS[name]) if name in LABELS else name} {titles.get(value, value)}"
        for name, value in silence.matchers
    ]
    return SilenceRow(
        silence.id,
        ", ".join(named) or visit.say("alle Meldungen"),
        visit.say("Wartungsfenster") if silence.maintenance else visit.say("Stummschaltung"),
        visit.say(
            "%(begins)s bis %(ends)s", begins=moment(visit, silence.begins_us), ends=moment(visit, silence.ends_us)
        ),
        silence.author,
        silence.comment,
    )  # fmt: skip


def asked_for(visit: Visit, board: Board) -> SilenceForm:
    """Filled in for the alert that the address names."""
    wanted = visit.request.query_params.get("stumm", "")
    now = visit.desk.ports.status.now().astimezone(visit.form.zone)
    form = SilenceForm(begins=f"{now:%Y-%m-%dT%H:%M}")
    for sight in (*board.open, *board.muted):
        alert = sight.alert
        if alert.id == wanted:
            name, value = alert.labels[0] if alert.labels else ("", "")
            grave = alert.severity == "critical"
            return replace(form, rule=alert.rule, label=name, value=value, maintenance=grave)
    return form


async def sent_form(visit: Visit) -> SilenceForm:
    return SilenceForm(
        await visit.field("regel"), await visit.field("merkmal"), (await visit.field("wert")).strip(),
        await visit.field("beginn"), await visit.field("ende"), await visit.field("grund"),
        await visit.field("wartung") == "ja",
    )  # fmt: skip


def wish_of(visit: Visit, form: SilenceForm) -> SilenceWish:
    named = {"rule": form.rule} if form.rule else {}
    if form.value and not form.label:
        raise InvalidRequest(
            "Wählen Sie, wovon das der Name ist: Anbieter, Modell, …",
            "Choose what this is the name of: provider, model, …",
        )
    if form.label and form.value:
        named |= {form.label: form.value}
    begins_us = _moment_us(visit, form.begins) if form.begins else None
    return SilenceWish(named, _moment_us(visit, form.ends), form.comment, begins_us, form.maintenance)


def _moment_us(visit: Visit, text: str) -> int:
    """As browsers write moments: local, without a zone."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError as cause:
        raise InvalidRequest(
            f"„{text}“ ist kein Zeitpunkt. Geben Sie Tag und Uhrzeit an.",
            f"'{text}' is no moment. Give a day and a time.",
        ) from cause
    return int(local.replace(tzinfo=visit.form.zone).timestamp() * 1_000_000)


def preview_lines(visit: Visit, preview: Preview) -> tuple[str, ...]:
    def name(alert: Alert) -> str:
        return ", ".join([alert.rule, *(value for _, value in alert.labels)])

    mutes = [visit.say("würde stumm: %(alert)s", alert=name(each)) for each in preview.mutes]
    spares = [
        visit.say("bleibt laut, weil kritisch (nur ein Wartungsfenster schaltet sie stumm): %(alert)s", alert=name(each))
        for each in preview.spares
    ]  # fmt: skip
    return (*mutes, *spares) or (visit.say("Zurzeit träfe das keine offene Meldung."),)
