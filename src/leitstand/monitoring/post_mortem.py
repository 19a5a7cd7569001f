"""The draft of a post-mortem, made from what is known of an incident; people write the rest."""

from collections.abc import Callable

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.incident_values import IncidentView


def draft(view: IncidentView, stamp: Callable[[int], str], language: str) -> str:
    """Markdown. stamp: a moment in microseconds as people read it. No blame: what, not who, is the question."""
    incident, effect = view.incident, view.effect

    def say(de: str, en: str) -> str:
        return Bilingual(de, en).in_(language)

    ended_us = incident.calm_us or incident.closed_us
    lasted = _minutes(ended_us - incident.opened_us, language) if ended_us else say("dauert an", "goes on")
    heard = min((entry.time_us for entry in view.entries if entry.kind == "told"), default=None)
    seen = _minutes(heard - incident.opened_us, language) if heard else "–"
    lead = _minutes(incident.lead_us - incident.opened_us, language) if incident.lead_us else "–"
    facts = [
        (say("Beginn", "Beginning"), stamp(incident.opened_us)),
        (say("Dauer", "Duration"), lasted),
        (say("Bis zur ersten Nachricht", "Until the first message"), seen),
        (say("Bis zur Übernahme", "Until somebody took over"), lead),
        (say("Leitung", "Lead"), incident.lead or "–"),
        (say("Anfragen", "Requests"), str(effect.requests)),
        (say("davon gescheitert", "of which failed"), str(effect.failed)),
        (say("durch Ausweichen gerettet", "rescued by fallbacks"), str(effect.rescued)),
    ]
    lines = [f"# {say('Nachbereitung', 'Post-mortem')} {incident.number}: {incident.title.in_(language)}", ""]
    lines += [f"- {name}: {value}" for name, value in facts]
    lines += ["", f"## {say('Verlauf', 'Timeline')}", ""]
    lines += [
        f"- {stamp(entry.time_us)} – {entry.text.in_(language)}{'' if entry.by == 'system' else f' ({entry.by})'}"
        for entry in sorted(view.entries, key=lambda each: each.time_us)
        if entry.kind != "told"
    ]
    for head, ask in (
        (say("Ursache", "Cause"), say("Warum konnte es geschehen? Fünfmal nachfragen.", "Why could it happen? Ask five times.")),
        (say("Was gut lief", "What went well"), say("Was hat die Folgen klein gehalten?", "What kept the effect small?")),
        (say("Was schlecht lief", "What went badly"), say("Was hat Zeit gekostet?", "What cost time?")),
    ):  # fmt: skip
        lines += ["", f"## {head}", "", f"_{ask}_"]
    lines += [
        "", f"## {say('Lehren', 'Lessons')}", "", incident.lessons or f"_{say('Noch keine', 'None yet')}_",
        "", f"## {say('Folgeaufgaben', 'Follow-up tasks')}", "",
    ]  # fmt: skip
    lines += [
        f"- [{'x' if task.done_us else ' '}] {task.text} ({task.owner}{f', {task.due}' if task.due else ''})"
        for task in view.tasks
    ] or [f"_{say('Noch keine', 'None yet')}_"]
    return "\n".join(lines) + "\n"


def _minutes(span_us: int, language: str) -> str:
    minutes = max(0, round(span_us / 60_000_000))
    hours, rest = divmod(minutes, 60)
    word = "Min." if language == "de" else "min"
    return f"{hours} h {rest} {word}" if hours else f"{rest} {word}"
