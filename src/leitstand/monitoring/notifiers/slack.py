"""`slack`: blocks in a channel of Slack, by the address of an incoming webhook.

Source: docs.slack.dev, Block Kit: a header of at most 150 characters, sections of at most 3000, ten fields of 2000,
50 blocks. `&`, `<` and `>` are Slack's own marks: `<!channel>` in a name would wake everybody, so they are escaped.
"""

from typing import Any

import msgspec

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import Envelope
from leitstand.monitoring.notifiers.webhook import address, post
from leitstand.monitoring.phrases import cut, facts, headline, links
from leitstand.monitoring.values import Message

MOST = 12


class Slack:
    """See the module."""

    kind = "slack"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One message."""
        body = msgspec.json.encode({"text": _safe(headline(envelope)), "blocks": blocks(envelope)})
        post(address(channel, envelope), body, {"content-type": "application/json"})


def blocks(envelope: Envelope) -> list[dict[str, Any]]:
    """The blocks of all messages."""
    found: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": headline(envelope, 150), "emoji": False}}
    ]
    for message in envelope.messages[:MOST]:
        found += _part(message, envelope.language)
    return found


def _part(message: Message, language: str) -> list[dict[str, Any]]:
    section: dict[str, Any] = {"type": "section", "text": _text(cut(message.summary, 1500))}
    named = [
        _text(f"*{name}*\n{cut(value, 500)}", escaped=False) for name, value in _escaped(message, language)
    ]
    if named:
        section["fields"] = named
    ways = " · ".join(f"<{url}|{name}>" for name, url in links(message, language))
    context = {"type": "context", "elements": [_text(ways, escaped=False)]}
    return [section, context] if ways else [section]


def _escaped(message: Message, language: str) -> list[tuple[str, str]]:
    return [(name, _safe(value)) for name, value in facts(message, language)]


def _text(text: str, *, escaped: bool = True) -> dict[str, str]:
    return {"type": "mrkdwn", "text": _safe(text) if escaped else text}


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


NOTIFIER = Slack()
