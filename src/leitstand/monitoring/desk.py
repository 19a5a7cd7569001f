"""What people do with alerts: see them in order of gravity, take them on, silence them for a while."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from leitstand.core.business_hours import BusinessHours
from leitstand.core.clock import Clock, from_us
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.ids import new_id
from leitstand.journal.records import Record
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.repository import AlertRows, Delivery
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.telling import Muted, Routes, muted, notice_id
from leitstand.monitoring.values import GRAVITY, Alert, Level, Rule, Silence, labels

HISTORY_DAYS = 30
LONGEST_SILENCE_DAYS = 30
COURSE_POINTS = 120
_AROUND_S = 1800.0
_MOST_TOLD = 2000
_MOST_PAST = 500
_S = 1_000_000
_DAY_US = 86_400 * _S
SUBJECTS = ("provider", "model", "use_case", "scope", "measure", "part", "job", "channel", "source", "event")
"""Labels of subjects that a silence may name, besides `rule` and `severity`."""


@dataclass(frozen=True)
class Sight:
    """An alert as people see it. rule: None where it is gone. told: its messages, oldest first.

    muted: why nobody is told now, with until when where that is known; None: those concerned are told.
    """

    alert: Alert
    rule: Rule | None
    signal: Signal | None
    told: tuple[Delivery, ...] = ()
    muted: Muted | None = None
    until_us: int | None = None

    @property
    def level(self) -> Level | None:
        """The threshold that it passed."""
        return self.rule.level(self.alert.severity) if self.rule else None


@dataclass(frozen=True)
class Board:
    """open: firing and told, the gravest first. past: ended in the last 30 days, newest first.

    silences: in force or to come. well_since_us: the end of the last alert, where none is open.
    """

    open: tuple[Sight, ...] = ()
    muted: tuple[Sight, ...] = ()
    past: tuple[Sight, ...] = ()
    silences: tuple[Silence, ...] = ()
    well_since_us: int | None = None


@dataclass(frozen=True)
class Course:
    """The signal around an episode: (moment, value), None where nothing was measured."""

    points: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True)
class SilenceWish:
    """What somebody wants to hear nothing of. matchers: label -> value, also `rule` and `severity`; empty: everything."""

    matchers: Mapping[str, str]
    ends_us: int
    comment: str
    begins_us: int | None = None
    maintenance: bool = False


@dataclass(frozen=True)
class Preview:
    """Open alerts that a silence would mute, and critical ones that it fits but only maintenance mutes."""

    mutes: tuple[Alert, ...]
    spares: tuple[Alert, ...]


@dataclass(frozen=True)
class AlertDesk:
    """What pages, programs and commands do with alerts. Blocking: call it in a thread.

    rules, hours: those in force. record: keeps an audit event durably.
    """

    rows: AlertRows
    minutes: Minutes
    rules: Callable[[], Iterable[Rule]]
    signals: Mapping[str, Signal]
    routes: Routes
    hours: Callable[[], BusinessHours]
    clock: Clock
    record: Callable[[Record], None]

    def board(self) -> Board:
        """Everything at one moment."""
        now_us = self.clock.time_us()
        alerts = self.rows.recent(now_us - HISTORY_DAYS * _DAY_US)
        silences = self.rows.silences(now_us)
        sights = self._sights(alerts, silences, now_us)
        firing = sorted((each for each in sights if each.alert.state == "firing"), key=_urgency)
        past = sorted(
            (each for each in sights if each.alert.state == "resolved"),
            key=lambda each: -(each.alert.resolved_us or 0),
        )
        ended_us = max((each.alert.resolved_us or 0 for each in past), default=None)
        return Board(
            tuple(each for each in firing if each.muted is None),
            tuple(each for each in firing if each.muted is not None),
            tuple(past[:_MOST_PAST]),
            tuple(silence for silence in silences if silence.ends_us > now_us),
            None if firing else ended_us,
        )

    def firing(self) -> list[Alert]:
        """Open alerts, the gravest first; for the bar of every page."""
        return sorted(
            (each for each in self.rows.open() if each.state == "firing"),
            key=lambda each: (-GRAVITY[each.severity], each.since_us),
        )

    def get(self, alert_id: str) -> Sight:
        """One of them; raises NotFound."""
        alert, now_us = self._find(alert_id), self.clock.time_us()
        firing = self.rows.recent(now_us)
        others = [each for each in firing if each.id != alert.id]
        found = self._sights([alert, *others], self.rows.silences(now_us), now_us)
        told = tuple(reversed(self.rows.deliveries(alert.id)))
        first = found[0]
        return Sight(alert, first.rule, first.signal, told, first.muted, first.until_us)

    def course(self, alert_id: str) -> Course:
        """The signal from half an hour before the episode to half an hour after it; raises NotFound."""
        alert = self._find(alert_id)
        rule = {each.name: each for each in self.rules()}.get(alert.rule)
        signal = self.signals.get(rule.signal) if rule else None
        if rule is None or signal is None:
            return Course(())
        around_us = int(max(_AROUND_S, rule.window_s) * _S)
        now_us = self.clock.time_us()
        begin_us = alert.since_us - around_us
        end_us = min(now_us, (alert.resolved_us or now_us) + around_us)
        timeline = self.minutes.history(begin_us - int(rule.window_s * _S) - 60 * _S, end_us)
        step_us = max(60 * _S, (end_us - begin_us) // COURSE_POINTS)
        points = []
        for moment_us in range(begin_us, end_us + 1, step_us):
            said = signal.read(timeline.at(moment_us), rule.window_s)
            points.append(
                (moment_us, next((each.value for each in said if each.labels == alert.labels), None))
            )
        return Course(tuple(points))

    def acknowledge(self, alert_id: str, actor: str) -> Sight:
        """Somebody takes it on: nobody else is called any more. Raises NotFound, and InvalidRequest with who was first."""
        alert, now_us = self._find(alert_id), self.clock.time_us()
        detail = {"alert": alert.id, "rule": alert.rule, "labels": dict(alert.labels)}
        if not self.rows.acknowledge(
            alert_id, actor, now_us, lambda: self._note("alert.acknowledged", actor, detail)
        ):
            raise _too_late(self._find(alert_id))
        return self.get(alert_id)

    # ------------------------------------------------------------ silences

    def preview(self, wish: SilenceWish) -> Preview:
        """What a silence would do to the alerts that are open; raises InvalidRequest as `silence` does."""
        silence = self._silence(wish, "")
        fits = [
            alert
            for alert in self.firing()
            if Silence("", silence.matchers, 0, 1, "", "", maintenance=True).mutes(alert, 0)
        ]
        mutes = [alert for alert in fits if silence.maintenance or alert.severity != "critical"]
        return Preview(tuple(mutes), tuple(alert for alert in fits if alert not in mutes))

    def silence(self, wish: SilenceWish, actor: str) -> Silence:
        """Mute; raises InvalidRequest where the wish is too wide, too long or over."""
        silence = self._silence(wish, actor)
        detail = {
            "silence": silence.id, "matchers": dict(silence.matchers), "begins_us": silence.begins_us,
            "ends_us": silence.ends_us, "maintenance": silence.maintenance, "comment": silence.comment,
        }  # fmt: skip
        self.rows.add_silence(silence, lambda: self._note("silence.created", actor, detail))
        return silence

    def end_silence(self, silence_id: str, actor: str) -> None:
        """Let it end now; raises NotFound where it is over or unknown."""
        detail = {"silence": silence_id}
        note = lambda: self._note("silence.ended", actor, detail)  # noqa: E731 - said inside the transaction
        if not self.rows.end_silence(silence_id, self.clock.time_us(), note):
            raise NotFound(
                "Diese Stummschaltung gibt es nicht oder nicht mehr.",
                "There is no such silence, or it is over.",
            )

    def until_morning_us(self) -> int:
        """The next begin of work that is not on this day."""
        local = from_us(self.clock.time_us()).astimezone(self.hours().zone)
        late = local.replace(hour=23, minute=59, second=59)
        return int(self.hours().opens(late).timestamp() * _S)

    def _silence(self, wish: SilenceWish, actor: str) -> Silence:
        now_us = self.clock.time_us()
        begins_us = max(now_us, wish.begins_us or now_us)
        _check_times(begins_us, wish.ends_us)
        self._check_matchers(wish)
        comment = wish.comment.strip()
        if not 3 <= len(comment) <= 300:
            raise InvalidRequest(
                "Nennen Sie einen Grund mit 3 bis 300 Zeichen; er steht im Protokoll.",
                "Give a reason of 3 to 300 characters; it stays in the audit trail.",
                detail={"param": "comment"},
            )
        return Silence(
            new_id("sil", now_us), labels(**wish.matchers), begins_us, wish.ends_us, actor, comment,
            wish.maintenance,
        )  # fmt: skip

    def _check_matchers(self, wish: SilenceWish) -> None:
        if not any(wish.matchers.values()) and not wish.maintenance:
            raise InvalidRequest(
                "Sagen Sie, welche Meldungen stumm sein sollen: eine Regel, ein Anbieter, … Alles zugleich geht nur als "
                "Wartungsfenster.",
                "Say which alerts shall be mute: a rule, a provider, … Everything at once takes a maintenance window.",
                detail={"param": "matchers"},
            )
        rules = {rule.name for rule in self.rules()}
        for name, value in wish.matchers.items():
            if name not in (*SUBJECTS, "rule", "severity"):
                known = ", ".join(("rule", "severity", *SUBJECTS))
                raise InvalidRequest(
                    f"Ein Merkmal „{name}“ gibt es nicht. Es gibt: {known}.",
                    f"There is no label '{name}'. There are: {known}.", detail={"param": "matchers"},
                )  # fmt: skip
            if name == "rule" and value and value not in rules:
                raise InvalidRequest(
                    f"Eine Regel „{value}“ gibt es nicht. „leitstand alert rules“ zeigt alle.",
                    f"There is no rule '{value}'. 'leitstand alert rules' shows all.",
                    detail={"param": "matchers"},
                )
            if name == "severity" and value and value not in GRAVITY:
                raise InvalidRequest(
                    f"Eine Schwere „{value}“ gibt es nicht. Es gibt: warning, critical.",
                    f"There is no severity '{value}'. There are: warning, critical.",
                    detail={"param": "matchers"},
                )

    # ------------------------------------------------------------ the view

    def _sights(self, alerts: Sequence[Alert], silences: Sequence[Silence], now_us: int) -> list[Sight]:
        rules = {rule.name: rule for rule in self.rules()}
        firing = [alert for alert in alerts if alert.state == "firing"]
        told: dict[str, list[Delivery]] = {}
        for delivery in reversed(self.rows.deliveries(most=_MOST_TOLD)):
            for name in delivery.notice.alerts:
                told.setdefault(name, []).append(delivery)
        found = []
        for alert in alerts:
            rule, why, until_us = rules.get(alert.rule), None, None
            messages = tuple(told.get(alert.id, ()))
            if alert.state == "firing":
                why, until_us = self._muted(alert, firing, rules, silences, messages, now_us)
            found.append(
                Sight(alert, rule, self.signals.get(rule.signal) if rule else None, messages, why, until_us)
            )
        return found

    def _muted(
        self, alert: Alert, firing: Sequence[Alert], rules: dict[str, Rule], silences: Sequence[Silence],
        told: Sequence[Delivery], now_us: int,
    ) -> tuple[Muted | None, int | None]:  # fmt: skip
        """Why nobody is told, and until when."""
        why = muted(alert, firing, rules, silences, now_us)
        if why is not None and why.why == "silenced":
            return why, max(each.ends_us for each in silences if each.mutes(alert, now_us))
        if why is not None:
            return why, None
        hours, now = self.hours(), from_us(now_us)
        if alert.severity == "critical" or hours.is_open(now):
            return None, None
        waiting = [
            channel
            for channel, gathers in self.routes.recipients(alert, now_us)
            if gathers and not any(_is_about(each, alert, channel) for each in told)
        ]
        return (Muted("hours"), int(hours.opens(now).timestamp() * _S)) if waiting else (None, None)

    def _find(self, alert_id: str) -> Alert:
        alert = self.rows.find(alert_id)
        if alert is None or alert.state == "pending":
            raise NotFound(
                f"Eine Meldung „{alert_id}“ gibt es nicht (mehr).",
                f"There is no alert '{alert_id}' (any more).",
            )
        return alert

    def _note(self, what: str, actor: str, detail: Mapping[str, object]) -> None:
        now_us = self.clock.time_us()
        self.record(
            Record(
                id=new_id("evt", now_us),
                kind=f"monitoring.{what}",
                time_us=now_us,
                user=actor,
                detail=dict(detail),
            )
        )


def _urgency(sight: Sight) -> tuple[int, bool, int]:
    """The gravest first, of these those that nobody works on, of these the oldest."""
    alert = sight.alert
    return -GRAVITY[alert.severity], alert.acknowledged_us is not None, alert.since_us


def _is_about(delivery: Delivery, alert: Alert, channel: str) -> bool:
    """Whether a message told that channel of the alert."""
    notice = delivery.notice
    return notice.id == notice_id(alert, "firing", channel) or (
        notice.kind == "digest" and notice.channel == channel and notice.severity == alert.severity
    )


def _check_times(begins_us: int, ends_us: int) -> None:
    if ends_us <= begins_us:
        raise InvalidRequest(
            "Das Ende muss in der Zukunft und nach dem Beginn liegen.",
            "The end must lie in the future and after the begin.",
            detail={"param": "ends"},
        )
    if ends_us - begins_us > LONGEST_SILENCE_DAYS * _DAY_US:
        raise InvalidRequest(
            f"Eine Stummschaltung dauert höchstens {LONGEST_SILENCE_DAYS} Tage. Wird etwas dauerhaft nicht gebraucht, "
            "schalten Sie die Regel ab.",
            f"A silence lasts {LONGEST_SILENCE_DAYS} days at most. What is never needed is switched off as a rule.",
            detail={"param": "ends"},
        )


def _too_late(alert: Alert) -> InvalidRequest:
    if alert.acknowledged_us is not None:
        return InvalidRequest(
            f"{alert.acknowledged_by} hat diese Meldung schon übernommen.",
            f"{alert.acknowledged_by} has already taken this alert on.",
        )
    return InvalidRequest("Diese Meldung ist schon vorbei.", "This alert is already over.")
