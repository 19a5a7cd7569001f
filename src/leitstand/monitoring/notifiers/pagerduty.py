"""`pagerduty`: events of the Events API v2. An alert's begin triggers, its end resolves, both under the alert's id.

Source: developer.pagerduty.com, "Send an Alert Event": routing_key, event_action, dedup_key (at most 255 characters),
payload with summary (1024), source and severity; 202 means taken. Accounts in the EU have an address of their own.
"""

from typing import Any

import msgspec

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import Envelope
from leitstand.monitoring.notifiers.webhook import post
from leitstand.monitoring.phrases import cut, links, state_word
from leitstand.monitoring.values import Message

_ADDRESSES = {
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
    "us": "https://events.pagerduty.com/v2/enqueue",
}


class PagerDuty:
    """See the module."""

    kind = "pagerduty"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One event per message."""
        url = envelope.secrets.get("url") or _ADDRESSES[channel.region]
        for message in envelope.messages:
            body = msgspec.json.encode(event(message, envelope, envelope.secrets["secret"]))
            post(url, body, {"content-type": "application/json"})


def event(message: Message, envelope: Envelope, routing_key: str) -> dict[str, Any]:
    """The event of one message."""
    found: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "resolve" if message.state == "resolved" else "trigger",
        "dedup_key": message.alert[:255],
        "client": "Leitstand",
        "payload": {
            "summary": cut(f"[{state_word(envelope, message)}] {message.summary}", 1024),
            "source": message.labels.get("provider") or "leitstand",
            "severity": "info" if envelope.kind == "test" else message.severity,
            "timestamp": message.started,
            "class": message.rule,
            "custom_details": {**message.labels, "affected": message.affected, "measured": message.measured},
        },
        "links": [{"href": url, "text": name} for name, url in links(message, envelope.language)],
    }
    if message.url.startswith("http"):
        found["client_url"] = message.url
    return found


NOTIFIER = PagerDuty()
