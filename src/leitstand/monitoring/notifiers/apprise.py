"""`apprise`: everything else that Apprise knows, such as SMS and telephone gateways, Signal, Matrix or ntfy.

The channel's `url` is an Apprise address (`service://access/target`). Where a service takes little text, as SMS does, it
gets one line of at most 160 characters. Loaded with the first message only.
"""

import logging
import warnings
from typing import Any

from leitstand.configuration.channels import AlertChannel
from leitstand.monitoring.notifiers import Envelope, NotDelivered
from leitstand.monitoring.phrases import SMS, headline, plain, short

_SHORT = 1000  # services that take less are read on a telephone's lock screen
_HERE = frozenset(
    {"dbus", "syslog", "windows", "macosx", "gnome", "glib", "kde", "qt"}
)  # reach nobody from a server


class Apprise:
    """See the module."""

    kind = "apprise"

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """One notification."""
        service = _service(envelope.secrets["url"])
        title, text = headline(envelope), _text(envelope)
        if service.body_maxlen < _SHORT or not service.title_maxlen:
            title, text = "", short(envelope, min(SMS, service.body_maxlen))
        try:
            taken = service.notify(body=text, title=title, notify_type=_type(envelope))
        except (OSError, TypeError, ValueError) as cause:
            raise NotDelivered(f"{service.service_name}: {type(cause).__name__}") from None
        if not taken:
            raise NotDelivered(f"{service.service_name} did not take the message")


def _service(url: str) -> Any:
    """The service behind an address. Apprise logs addresses with what is secret in them: it is kept quiet."""
    import apprise

    if url.partition("://")[0].lower() in _HERE:
        raise NotDelivered("this address reaches nobody from a server", again=False)
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its services' own imports
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        raise NotDelivered("the Apprise address is not understood", again=False)
    return service


def _text(envelope: Envelope) -> str:
    return "\n\n".join(plain(message, envelope.language) for message in envelope.messages)


def _type(envelope: Envelope) -> str:
    first = envelope.messages[0]
    if first.state == "resolved":
        return "success"
    if envelope.kind == "test":
        return "info"
    return "failure" if first.severity == "critical" else "warning"


NOTIFIER = Apprise()
