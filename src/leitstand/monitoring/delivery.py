"""Delivers notices: at least once, over restarts, each channel in a thread of its own.

waiting ──▶ sent
   └──failed──▶ the channel rests (10 s, 20 s, 40 s … 10 min), then again ──a day──▶ failed
            └──twice──▶ what waits for it is told to the other channels, too, once
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leitstand.configuration.channels import AlertChannel, Mail
from leitstand.configuration.secrets import SecretMissing
from leitstand.core.clock import Clock
from leitstand.monitoring.notifiers import Envelope, NotDelivered, Notifier
from leitstand.monitoring.repository import AlertRows
from leitstand.monitoring.telling import Recipient
from leitstand.monitoring.values import Notice
from leitstand.monitoring.wording import Wording
from leitstand.store.engine import DatabaseAway

GIVE_UP_S = 86_400.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 10.0, 600.0
_TRIES_ALONE = 2
_BEGINS = ("firing", "escalated", "digest")
_S = 1_000_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ways:
    """The channels in force. secrets: a channel's fields that refer to secrets, resolved; raises SecretMissing.

    others: who is told in place of a channel at a moment. opens_us: when people next hear of warnings.
    """

    channels: Mapping[str, AlertChannel]
    others: Callable[[str, int], Sequence[Recipient]]
    opens_us: Callable[[int], int]
    secrets: Callable[[AlertChannel], dict[str, str]]
    wording: Wording
    language: str
    mail: Mail | None = None


@dataclass
class _Failing:
    """What one process knows of a channel that does not deliver. elsewhere: notices that others were told of."""

    reason: str
    times: int = 0
    rests_until_us: int = 0
    elsewhere: set[str] = field(default_factory=set)


class Delivery:
    """One round after the other, in the process that leads. Blocking, but never for a channel."""

    def __init__(
        self, rows: AlertRows, notifiers: Mapping[str, Notifier], ways: Callable[[], Ways], clock: Clock
    ) -> None:
        self._rows = rows
        self._notifiers = notifiers
        self._ways = ways
        self._clock = clock
        self._failing: dict[str, _Failing] = {}
        self._busy: dict[str, threading.Thread] = {}

    @property
    def failing(self) -> Mapping[str, str]:
        """Channels whose last try failed, with the reason."""
        return {name: state.reason for name, state in dict(self._failing).items()}

    def round(self) -> int:
        """Begin to deliver what is due on channels that are free and do not rest; how many notices that are."""
        now_us = self._clock.time_us()
        self._busy = {name: thread for name, thread in self._busy.items() if thread.is_alive()}
        resting = {
            name: state for name, state in dict(self._failing).items() if now_us < state.rests_until_us
        }
        due = self._rows.due(now_us, without=(*self._busy, *resting))
        if due:
            ways = self._ways()
            for name, notices in _by_channel(due).items():
                self._begin(ways, name, notices)
        self._pass_on(resting, now_us)
        return len(due)

    def settle(self, timeout_s: float) -> bool:
        """Wait for what was begun; whether all of it has ended."""
        for thread in list(self._busy.values()):
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._busy.values())

    def send(self, ways: Ways, name: str, envelope_of: Callable[[dict[str, str]], Envelope]) -> None:
        """Hand an envelope to a channel; raises NotDelivered. envelope_of: makes it, given the secrets."""
        channel = ways.channels.get(name)
        if channel is None:
            raise NotDelivered("this channel is not configured any more", again=False)
        notifier = self._notifiers.get(channel.kind)
        if notifier is None:
            raise NotDelivered(f"there is no notifier of kind {channel.kind}", again=False)
        try:
            secrets = ways.secrets(channel)
        except SecretMissing as missing:
            raise NotDelivered(missing.en) from missing
        try:
            notifier.send(channel, envelope_of(secrets))
        except NotDelivered:
            raise
        except Exception as cause:  # a library's fault must not end the thread of the channel
            _log.error("a notifier failed", extra={"channel": name, "fault": type(cause).__name__})
            raise NotDelivered(type(cause).__name__) from cause

    def test(self, ways: Ways, name: str) -> None:
        """Send a test now, whatever the channel's state; raises NotDelivered."""
        message = ways.wording.trial(self._clock.time_us())
        self.send(ways, name, lambda secrets: Envelope("test", (message,), ways.language, secrets, ways.mail))

    # ------------------------------------------------------------ one channel

    def _pass_on(self, resting: Mapping[str, _Failing], now_us: int) -> None:
        """What waits behind a channel that has failed for a while is told to the others without waiting for it."""
        long = {name: state for name, state in resting.items() if state.times >= _TRIES_ALONE}
        waiting = self._rows.due(now_us, only=tuple(long)) if long else []
        if any(notice.id not in long[notice.channel].elsewhere for notice in waiting):
            ways = self._ways()
            for name, notices in _by_channel(waiting).items():
                self._tell_others(ways, long[name], notices)

    def _begin(self, ways: Ways, name: str, notices: list[Notice]) -> None:
        """Daemon: a frozen server does not keep the process from ending; what was not sent is due again."""
        thread = threading.Thread(
            target=self._channel, args=(ways, name, notices), name=f"deliver {name}", daemon=True
        )
        self._busy[name] = thread
        thread.start()

    def _channel(self, ways: Ways, name: str, notices: list[Notice]) -> None:
        """In order; after a failure the rest waits for the channel's turn, too."""
        try:
            for position, notice in enumerate(notices):
                try:
                    self._deliver(ways, notice)
                except NotDelivered as failure:
                    self._failed(ways, notices[position:], failure)
                    if failure.again:
                        return
                else:
                    self._rows.sent(notice.id, self._clock.time_us())
                    if self._failing.pop(name, None) is not None:
                        _log.warning("alert channel delivers again", extra={"channel": name})
        except DatabaseAway:
            _log.warning("deliveries cannot be written down while the database is away")
        except Exception:  # noqa: BLE001 - a border: the next round tries again
            _log.exception("a channel could not be served", extra={"channel": name})

    def _deliver(self, ways: Ways, notice: Notice) -> None:
        found = [alert for each in notice.alerts if (alert := self._rows.find(each)) is not None]
        messages = tuple(ways.wording.message(notice.id, alert) for alert in found)
        if messages:  # else what it was about is deleted
            self.send(
                ways,
                notice.channel,
                lambda secrets: Envelope(notice.kind, messages, ways.language, secrets, ways.mail),
            )

    def _failed(self, ways: Ways, notices: Sequence[Notice], failure: NotDelivered) -> None:
        """Postpone or give up the first of them. A channel's pauses grow with its failures, not with each notice's."""
        notice, now_us, reason = notices[0], self._clock.time_us(), str(failure)
        state = self._failing.get(notice.channel)
        if state is None:
            facts = {"channel": notice.channel, "reason": reason}
            _log.warning("alert channel does not deliver", extra=facts)
            state = self._failing.setdefault(notice.channel, _Failing(reason))
        state.reason = reason
        if not failure.again or (notice.made_us and now_us - notice.made_us >= GIVE_UP_S * _S):
            self._rows.give_up(notice.id, reason)
            self._tell_others(ways, state, [notice])
            return
        state.times += 1
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(state.times - 1, 10))
        state.rests_until_us = now_us + int(pause_s * _S)
        self._rows.postpone(notice.id, state.rests_until_us, reason)
        if state.times >= _TRIES_ALONE:
            self._tell_others(ways, state, notices)

    def _tell_others(self, ways: Ways, state: _Failing, notices: Sequence[Notice]) -> None:
        """Each notice of a begin once; warnings reach people when they work."""
        now_us, instead = self._clock.time_us(), []
        for notice in notices:
            if notice.id in state.elsewhere:
                continue
            state.elsewhere.add(notice.id)
            if notice.kind not in _BEGINS:
                continue
            for channel, gathers in ways.others(notice.channel, now_us):
                at_once = notice.severity == "critical" or not gathers
                instead.append(_instead(notice, channel, now_us if at_once else ways.opens_us(now_us)))
        if instead:
            self._rows.put_in(instead, now_us)


def _by_channel(notices: Sequence[Notice]) -> dict[str, list[Notice]]:
    found: dict[str, list[Notice]] = {}
    for notice in notices:
        found.setdefault(notice.channel, []).append(notice)
    return found


def _instead(notice: Notice, channel: str, due_us: int) -> Notice:
    """The same for another channel; one that was told already is told once."""
    head = notice.id.rsplit("/", 1)[0]
    return Notice(f"{head}/{channel}", notice.kind, channel, notice.alerts, notice.severity, due_us)
