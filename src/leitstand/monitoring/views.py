"""Alerts, silences and rules as programs get them; times are ISO 8601 in UTC."""

from typing import Any

from leitstand.core.clock import from_us
from leitstand.core.i18n import Bilingual
from leitstand.monitoring.desk import Board, Preview, Sight
from leitstand.monitoring.repository import Delivery
from leitstand.monitoring.rule_desk import Comparison, RuleSight, SignalSight, Tested
from leitstand.monitoring.values import Alert, Rule, Silence


def board_view(board: Board) -> dict[str, Any]:
    """Everything on the page."""
    return {
        "well_since": iso(board.well_since_us),
        "open": [sight_view(each) for each in board.open],
        "muted": [sight_view(each) for each in board.muted],
        "past": [sight_view(each) for each in board.past],
        "silences": [silence_view(each) for each in board.silences],
    }


def sight_view(sight: Sight) -> dict[str, Any]:
    """One alert with what surrounds it."""
    rule, level = sight.rule, sight.level
    muted = sight.muted and {"why": sight.muted.why, "by": sight.muted.by, "until": iso(sight.until_us)}
    return alert_view(sight.alert) | {
        "title": _both(rule.title) if rule else {"de": sight.alert.rule, "en": sight.alert.rule},
        "unit": sight.signal.unit if sight.signal else None,
        "limit": level.fires if level else None,
        "runbook": f"/betrieb/anleitungen/{rule.runbook}" if rule and rule.runbook else None,
        "muted": muted,
        "told": [_told(each) for each in sight.told],
    }


def alert_view(alert: Alert) -> dict[str, Any]:
    """The episode itself."""
    return {
        "id": alert.id, "rule": alert.rule, "severity": alert.severity, "state": alert.state,
        "labels": dict(alert.labels), "since": iso(alert.since_us), "fired": iso(alert.fired_us),
        "resolved": iso(alert.resolved_us), "value": alert.value, "peak": alert.peak, "sample": alert.sample,
        "affected": _both(alert.affected), "acknowledged_by": alert.acknowledged_by or None,
        "acknowledged": iso(alert.acknowledged_us), "incident": alert.incident or None,
    }  # fmt: skip


def silence_view(silence: Silence) -> dict[str, Any]:
    """A silence or maintenance window."""
    return {
        "id": silence.id, "matchers": dict(silence.matchers), "begins": iso(silence.begins_us),
        "ends": iso(silence.ends_us), "author": silence.author, "comment": silence.comment,
        "maintenance": silence.maintenance,
    }  # fmt: skip


def preview_view(preview: Preview) -> dict[str, Any]:
    """What a silence would do."""
    return {
        "mutes": [alert_view(each) for each in preview.mutes],
        "spares": [alert_view(each) for each in preview.spares],
    }


def rule_view(sight: RuleSight) -> dict[str, Any]:
    """A rule as it holds, and what it would have done."""
    return _rule(sight.rule) | {
        "shipped": sight.shipped is not None, "changed": sight.is_changed,
        "unit": sight.signal.unit if sight.signal else None,
        "open": [each.id for each in sight.open],
        "back_test": tested_view(sight.tested) if sight.tested else None,
    }  # fmt: skip


def tested_view(tested: Tested) -> dict[str, Any]:
    """The alerts of a back-test."""
    return {
        "since": iso(tested.since_us), "until": iso(tested.until_us), "count": len(tested.alerts),
        "alerts": [
            {
                "severity": each.severity, "labels": dict(each.labels), "fired": iso(each.fired_us),
                "resolved": iso(each.resolved_us), "peak": each.peak,
            }
            for each in tested.alerts
        ],
    }  # fmt: skip


def comparison_view(comparison: Comparison) -> dict[str, Any]:
    """A change before it is kept."""
    before = tested_view(comparison.before) if comparison.before else None
    return {"rule": _rule(comparison.rule), "before": before, "after": tested_view(comparison.after)}


def signal_view(sight: SignalSight) -> dict[str, Any]:
    """What rules can be made of, and its gravest reading now."""
    worst = sight.worst
    return {
        "name": sight.signal.name, "title": _both(sight.signal.title), "unit": sight.signal.unit,
        "value": worst.value if worst else None, "labels": dict(worst.labels) if worst else {},
    }  # fmt: skip


def iso(time_us: int | None) -> str | None:
    """A moment, or none."""
    return None if time_us is None else from_us(time_us).isoformat(timespec="seconds")


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name, "title": _both(rule.title), "why": _both(rule.why), "signal": rule.signal,
        "enabled": rule.enabled, "window_s": rule.window_s, "min_sample": rule.min_sample,
        "clear_for_s": rule.clear_for_s, "no_data": rule.no_data, "runbook": rule.runbook,
        "inhibited_by": list(rule.inhibited_by),
        "levels": [
            {"severity": each.severity, "above": each.fires, "clears": each.clears, "for_s": each.for_s}
            for each in rule.levels
        ],
    }  # fmt: skip


def _told(delivery: Delivery) -> dict[str, Any]:
    notice = delivery.notice
    return {
        "channel": notice.channel, "kind": notice.kind, "state": delivery.state, "made": iso(delivery.made_us),
        "sent": iso(delivery.sent_us), "attempts": notice.attempts, "error": delivery.error or None,
    }  # fmt: skip


def _both(text: Bilingual) -> dict[str, str]:
    return {"de": text.de, "en": text.en}
