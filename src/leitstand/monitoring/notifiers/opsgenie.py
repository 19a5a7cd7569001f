"""`opsgenie`: the Alert API. An alert's begin creates, its end closes by alias, which is the alert's id.

Source: docs.opsgenie.com, "Alert API": message of at most 130 characters, alias 512, description 15,000, 202 means
taken; the EU has an address of its own. Atlassian ends the service in April 2027; Jira Service Management takes the
same calls under an address of its own (`url`).
"""

from typing import Any
from urllib.parse import quote

import msgspec

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import Envelope
from leitstand.monitoring.notifiers.webhook import post
from leitstand.monitoring.phrases import cut, plain, state_word
from leitstand.monitoring.values import Message

_ADDRESSES = {"eu": "https://api.eu.opsgenie.com", "us": "https://api.opsgenie.com"}
_PRIORITIES = {"critical": "P1", "warning": "P3"}


class Opsgenie:
    """See the module."""

    kind = "opsgenie"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One call per message."""
        base = (envelope.secrets.get("url") or _ADDRESSES[channel.region]).rstrip("/")
        headers = {
            "content-type": "application/json",
            "authorization": f"GenieKey {envelope.secrets['secret']}",
        }
        for message in envelope.messages:
            if message.state == "resolved":
                way = f"/v2/alerts/{quote(message.alert, safe='')}/close?identifierType=alias"
                body: dict[str, Any] = {"source": "Leitstand", "note": cut(message.summary, 25_000)}
            else:
                way, body = "/v2/alerts", creation(message, envelope)
            post(base + way, msgspec.json.encode(body), headers)


def creation(message: Message, envelope: Envelope) -> dict[str, Any]:
    """The body that creates an alert."""
    return {
        "message": cut(f"[{state_word(envelope, message)}] {message.title}", 130),
        "alias": message.alert[:512],
        "description": plain(message, envelope.language)[:15_000],
        "priority": "P5" if envelope.kind == "test" else _PRIORITIES[message.severity],
        "source": "Leitstand",
        "entity": message.labels.get("provider", "leitstand"),
        "tags": ["leitstand", message.rule[:50]],
        "details": {**message.labels, "runbook": message.runbook, "url": message.url},
    }


NOTIFIER = Opsgenie()
