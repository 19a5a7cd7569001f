"""`teams`: an Adaptive Card in a channel or chat of Microsoft Teams.

The address is that of a workflow "When a Teams webhook request is received". Source: Microsoft Learn, "Create incoming
webhooks with Workflows"; Adaptive Cards schema 1.4. Teams takes up to 28 KB, so a card shows at most ten alerts.
"""

from typing import Any

import msgspec

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import Envelope
from leitstand.monitoring.notifiers.webhook import address, post
from leitstand.monitoring.phrases import cut, facts, headline, links
from leitstand.monitoring.values import Message

MOST = 10
_COLOURS = {"critical": "Attention", "warning": "Warning", "resolved": "Good"}


class Teams:
    """See the module."""

    kind = "teams"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One card."""
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card(envelope),
        }
        body = msgspec.json.encode({"type": "message", "attachments": [attachment]})
        post(address(channel, envelope), body, {"content-type": "application/json"})


def card(envelope: Envelope) -> dict[str, Any]:
    """The card of all messages."""
    first = envelope.messages[0]
    shown: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": headline(envelope),
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
            "color": _COLOURS["resolved" if first.state == "resolved" else first.severity],
        }
    ]
    for message in envelope.messages[:MOST]:
        shown += _part(message, envelope.language)
    actions = [
        {"type": "Action.OpenUrl", "title": name, "url": url} for name, url in links(first, envelope.language)
    ]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": shown,
        "actions": actions,
    }


def _part(message: Message, language: str) -> list[dict[str, Any]]:
    named = [{"title": name, "value": cut(value, 500)} for name, value in facts(message, language)]
    return [
        {"type": "TextBlock", "text": cut(message.summary, 1500), "wrap": True},
        {"type": "FactSet", "facts": named},
    ]


NOTIFIER = Teams()
