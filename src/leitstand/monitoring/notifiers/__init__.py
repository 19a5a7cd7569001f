"""The shelf of notifiers: each module has NOTIFIER, one way to tell people; found by its file.

A notifier gets messages that are worded already and delivers them, or raises NotDelivered. It holds no state and never
decides who is told.
"""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from leitstand.configuration.channels import AlertChannel, Mail
from leitstand.monitoring.values import Message, NoticeKind

TIMEOUT_S = 10.0


class NotDelivered(Exception):
    """The channel did not take a message. The text is for operators and holds no secret.

    again: whether a second try can help.
    """

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Envelope:
    """What is delivered at once. kind: as in Notice. secrets: the channel's, resolved, by field name.

    mail: the mail server; its password is in `secrets`.
    """

    kind: NoticeKind
    messages: tuple[Message, ...]
    language: str
    secrets: dict[str, str] = field(repr=False)
    mail: Mail | None = None


@runtime_checkable
class Notifier(Protocol):
    """One way to tell people. Blocking: called in a thread, with `TIMEOUT_S` for all it does."""

    @property
    def kind(self) -> str:
        """The word in the configuration."""
        ...

    def send(self, channel: AlertChannel, envelope: Envelope) -> None:
        """Deliver; raises NotDelivered."""
        ...
