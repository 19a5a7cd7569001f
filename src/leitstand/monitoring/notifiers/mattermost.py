"""`mattermost`: message attachments in a channel of Mattermost, by the address of an incoming webhook.

Source: docs.mattermost.com, "Use message attachments": fallback, colour, title with link, text, fields. `@` in names is
kept apart from what follows, so that no alert mentions somebody by chance.
"""

from typing import Any

import msgspec

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import Envelope
from leitstand.monitoring.notifiers.webhook import address, post
from leitstand.monitoring.phrases import RUNBOOK, cut, facts, headline
from leitstand.monitoring.values import Message

MOST = 20
_COLOURS = {"critical": "#b3261e", "warning": "#c77700", "resolved": "#1e6b3a"}


class Mattermost:
    """See the module."""

    kind = "mattermost"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One message with an attachment per alert."""
        body = {
            "text": f"**{_calm(headline(envelope))}**",
            "attachments": [attachment(each, envelope.language) for each in envelope.messages[:MOST]],
        }
        post(address(channel, envelope), msgspec.json.encode(body), {"content-type": "application/json"})


def attachment(message: Message, language: str) -> dict[str, Any]:
    """One alert."""
    found: dict[str, Any] = {
        "fallback": _calm(cut(message.summary, 300)),
        "color": _COLOURS["resolved" if message.state == "resolved" else message.severity],
        "title": _calm(cut(message.title, 200)),
        "text": _calm(cut(message.summary, 4000)),
        "fields": [
            {"title": name, "value": _calm(value), "short": len(value) < 40}
            for name, value in facts(message, language)
        ],
    }
    if message.url.startswith("http"):
        found["title_link"] = message.url
    if message.runbook.startswith("http"):
        found["text"] += f"\n[{RUNBOOK.in_(language)}]({message.runbook})"
    return found


def _calm(text: str) -> str:
    return text.replace("@", "@\u200b")


NOTIFIER = Mattermost()
