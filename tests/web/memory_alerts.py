"""The ports of alerts and rules for page tests: one of each kind, or none; what is changed is noted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from leitstand.configuration.alerts import AlertRule
from leitstand.core.errors import InvalidRequest, NotFound
from leitstand.core.i18n import Bilingual
from leitstand.monitoring.desk import Board, Course, Preview, Sight, SilenceWish
from leitstand.monitoring.repository import Delivery
from leitstand.monitoring.rule_desk import Comparison, RuleSight, SignalSight, Tested
from leitstand.monitoring.ruleset import own, rules_in_force
from leitstand.monitoring.shelves import load_rules, load_signals
from leitstand.monitoring.telling import Muted
from leitstand.monitoring.values import Alert, Labels, Notice, Reading, Severity, Silence, labels
from leitstand.web.ports import Viewer

NOW = datetime(2026, 11, 17, 13, 32, 8, tzinfo=UTC)
NOW_US = int(NOW.timestamp() * 1_000_000)
_MINUTE_US = 60_000_000
_DAY_US = 1440 * _MINUTE_US
_RULES, _SIGNALS = load_rules(), load_signals()


def alert(
    number: int,
    rule: str,
    severity: Severity,
    subject: Labels,
    minutes: float,
    value: float,
    lasted: float = 0,
) -> Alert:
    """minutes: ago. lasted: minutes; 0: it is still open."""
    since_us = NOW_US - int(minutes * _MINUTE_US)
    ended_us = since_us + int(lasted * _MINUTE_US) if lasted else None
    return Alert(
        f"alt_{number}", rule, subject, severity, "resolved" if lasted else "firing", since_us, since_us + _MINUTE_US,
        ended_us, None, None, value, value * 1.2, 84,
    )  # fmt: skip


def sight(one: Alert, muted: Muted | None = None, until_us: int | None = None) -> Sight:
    rule = _RULES[one.rule]
    notice = Notice(
        f"{one.id}/firing/{one.severity}/leitung", "firing", "leitung", (one.id,), one.severity, 0
    )
    told = Delivery(notice, "sent", one.since_us + _MINUTE_US, "", one.since_us + 2 * _MINUTE_US)
    return Sight(one, rule, _SIGNALS[rule.signal], () if muted else (told,), muted, until_us)


DOWN = replace(
    alert(1, "provider_unreachable", "critical", labels(provider="openai-eu"), 26, 1560),
    affected=Bilingual("angebote, mandantenbrief", "angebote, mandantenbrief"),
)
ERRORS = alert(2, "error_rate", "warning", (), 14, 0.071)
SLOW = alert(3, "response_time", "warning", labels(provider="openai-eu"), 25, 7.4)
BACKUP = alert(4, "backup_overdue", "warning", labels(part="drill"), 600, 1)
PAST = replace(
    alert(5, "response_time", "warning", labels(provider="azure-eu"), 3000, 6.1, 43),
    acknowledged_by="jonas", acknowledged_us=NOW_US - 2990 * _MINUTE_US,
)  # fmt: skip


class MemoryAlerts:
    """web.ports.Alerts."""

    def __init__(self) -> None:
        self.quiet = False
        self.acts: list[Any] = []
        self.silences = [
            Silence("sil_1", labels(rule="backup_overdue"), NOW_US, NOW_US + _DAY_US, "petra", "Umzug des Speichers")
        ]  # fmt: skip

    async def board(self) -> Board:
        if self.quiet:
            return Board(past=(sight(PAST),), well_since_us=PAST.resolved_us)
        muted = (
            sight(SLOW, Muted("inhibited", "provider_unreachable")),
            sight(BACKUP, Muted("silenced", "Umzug des Speichers"), NOW_US + _DAY_US),
        )
        return Board((sight(DOWN), sight(ERRORS)), muted, (sight(PAST),), tuple(self.silences))

    async def get(self, alert: str) -> tuple[Sight, Course]:
        board = await self.board()
        for each in (*board.open, *board.muted, *board.past):
            if each.alert.id == alert:
                values = [0.01, 0.02, None, 0.03, 0.06, 0.071]
                begin_us = each.alert.since_us - 5 * _MINUTE_US
                return each, Course(tuple((begin_us + i * _MINUTE_US, v) for i, v in enumerate(values)))
        raise NotFound("Eine solche Meldung gibt es nicht (mehr).", "There is no such alert (any more).")

    async def acknowledge(self, viewer: Viewer, alert: str) -> None:
        if alert == ERRORS.id:
            raise InvalidRequest("petra hat diese Meldung schon übernommen.", "petra has taken it on.")
        self.acts.append(("ack", viewer.name, alert))

    async def preview(self, wish: SilenceWish) -> Preview:
        return Preview((ERRORS,), (DOWN,))

    async def silence(self, viewer: Viewer, wish: SilenceWish) -> None:
        self.acts.append(wish)

    async def end_silence(self, viewer: Viewer, silence: str) -> None:
        self.silences = [each for each in self.silences if each.id != silence]

    async def until_morning_us(self) -> int:
        return NOW_US + 17 * 3600 * 1_000_000


class MemoryAlertRules:
    """web.ports.AlertRules."""

    def __init__(self) -> None:
        self.settings: dict[str, AlertRule] = {}
        self.acts: list[Any] = []

    async def rules(self, *, at_once: bool) -> Sequence[RuleSight]:
        return [
            self._sight(rule.name, None if at_once else Tested((), NOW_US - 30 * _DAY_US, NOW_US))
            for rule in rules_in_force(_RULES, self.settings)
        ]

    async def get(self, name: str) -> RuleSight:
        return self._sight(name, Tested((PAST,), NOW_US - 30 * _DAY_US, NOW_US))

    def _sight(self, name: str, tested: Tested | None) -> RuleSight:
        for rule in rules_in_force(_RULES, self.settings):
            if rule.name == name:
                firing = (ERRORS,) if name == ERRORS.rule else ()
                return RuleSight(rule, _RULES.get(name), _SIGNALS.get(rule.signal), firing, tested)
        raise NotFound("Diese Regel gibt es nicht.", "There is no such rule.")

    async def signals(self) -> Sequence[SignalSight]:
        return [
            SignalSight(
                each, Reading(labels(provider="openai-eu"), 0.071, 84) if each.unit == "share" else None
            )
            for each in _SIGNALS.values()
        ]

    async def compare(self, body: dict[str, Any]) -> Comparison:
        setting = AlertRule.model_validate(body)
        shipped = _RULES.get(setting.name)
        (rule,) = (
            rules_in_force({shipped.name: shipped}, {setting.name: setting}) if shipped else (own(setting),)
        )
        if not rule.levels:
            raise InvalidRequest("Setzen Sie eine Grenze.", "Set a limit.")
        before = Tested((PAST, replace(PAST, id="alt_6")), NOW_US - 30 * _DAY_US, NOW_US)
        return Comparison(rule, before if shipped else None, Tested((PAST,), NOW_US - 30 * _DAY_US, NOW_US))

    async def keep(self, viewer: Viewer, body: dict[str, Any]) -> None:
        self.acts.append(body)
        self.settings[body["name"]] = AlertRule.model_validate(body)

    async def reset(self, viewer: Viewer, name: str) -> None:
        self.settings.pop(name)
        self.acts.append(name)
