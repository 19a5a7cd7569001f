"""The words around messages that all channels share: a headline, named facts, and texts that fit."""

from typing import NamedTuple

from leitstand.core.i18n import Bilingual
from leitstand.monitoring.notifiers import Envelope
from leitstand.monitoring.values import Message

SMS = 160  # characters
_STATES = {
    "critical": Bilingual("Kritisch", "Critical"),
    "warning": Bilingual("Warnung", "Warning"),
    "resolved": Bilingual("Vorbei", "Resolved"),
    "escalated": Bilingual("Eskaliert", "Escalated"),
    "reminder": Bilingual("Erinnerung", "Reminder"),
    "test": Bilingual("Probe", "Test"),
}
_SINCE = Bilingual("Seit", "Since")
_MEASURED = Bilingual("Wie schlimm", "How bad")
_AFFECTED = Bilingual("Betroffen", "Affected")
OPEN = Bilingual("In Leitstand öffnen", "Open in Leitstand")
RUNBOOK = Bilingual("Was zu tun ist", "What to do")
_SEVERAL = Bilingual("{count} Meldungen: {first} und weitere", "{count} alerts: {first} and more")


class Fact(NamedTuple):
    """One line of a message: what it is, and its value."""

    name: str
    value: str


def state_word(envelope: Envelope, message: Message) -> str:
    """How bad, or that it is over, in one word."""
    if message.state == "resolved":
        return _STATES["resolved"].in_(envelope.language)
    known = envelope.kind if envelope.kind in _STATES else message.severity
    return _STATES[known].in_(envelope.language)


def headline(envelope: Envelope, most: int = 200) -> str:
    """What all messages of an envelope are about, in one line."""
    first = envelope.messages[0]
    title = first.title
    if len(envelope.messages) > 1:
        several = _SEVERAL.in_(envelope.language)
        title = several.format(count=len(envelope.messages), first=title)
    return cut(f"[{state_word(envelope, first)}] {title}", most)


def facts(message: Message, language: str) -> list[Fact]:
    """Since when, how bad, who is affected; what is not known is left out."""
    found = ((_SINCE, message.since), (_MEASURED, message.measured), (_AFFECTED, message.affected))
    return [Fact(name.in_(language), value) for name, value in found if value]


def links(message: Message, language: str) -> list[Fact]:
    """Where to go: the alert, the runbook. None while Leitstand does not know its own address."""
    found = ((OPEN, message.url), (RUNBOOK, message.runbook))
    return [Fact(name.in_(language), url) for name, url in found if url.startswith(("http://", "https://"))]


def plain(message: Message, language: str) -> str:
    """One message as lines of text."""
    lines = [message.summary, ""]
    lines += [f"{name}: {value}" for name, value in (*facts(message, language), *links(message, language))]
    return "\n".join(lines)


def short(envelope: Envelope, most: int = SMS) -> str:
    """As much as fits: the headline, then since when and the limit, then the address, each only as a whole."""
    text, message = headline(envelope, most), envelope.messages[0]
    for more in (message.since, message.measured, message.url if len(envelope.messages) == 1 else ""):
        if more and not more.startswith("/") and len(text) + 2 + len(more) <= most:
            text = f"{text}; {more}"
    return text


def cut(text: str, most: int) -> str:
    """The text in one line, shortened where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
