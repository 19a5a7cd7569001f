"""The life of an alert, as a pure function: what was, a reading, a moment; out comes what is.

nothing ──bad──▶ pending ──bad for `for_s`──▶ firing ──well for `clear_for_s`──▶ resolved
                    └───────────well──────────▶ nothing
"""

from dataclasses import replace

from leitstand.monitoring.values import GRAVITY, Alert, Level, Reading, Rule, Severity

_S = 1_000_000


def advance(rule: Rule, before: Alert | None, reading: Reading, now_us: int, new_id: str) -> Alert | None:
    """The alert after a reading; None: there is none (any more, where it never fired).

    before: the open one (pending or firing), None if there is none. new_id: of an episode that begins now.
    Where the clock jumped back, an episode that would begin in the future begins now.
    """
    value = reading.value if reading.sample >= rule.min_sample or reading.value is None else None
    if value is None:
        return _without_data(rule, before, now_us, new_id, reading)
    if before is None:
        bad = _worst(rule, value) is not None
        return _begin(rule, reading, value, now_us, new_id) if bad else None
    alert = replace(
        before, since_us=min(before.since_us, now_us), value=value, peak=max(before.peak, value), sample=reading.sample,
        affected=reading.affected if reading.affected.de else before.affected,
    )  # fmt: skip
    return (
        _pending(rule, alert, value, now_us)
        if alert.state == "pending"
        else _firing(rule, alert, value, now_us)
    )


def _begin(rule: Rule, reading: Reading, value: float, now_us: int, new_id: str) -> Alert:
    worst = _worst(rule, value)
    assert worst is not None
    alert = Alert(
        new_id, rule.name, reading.labels, _mildest(rule).severity, "pending", now_us, value=value, peak=value,
        sample=reading.sample, affected=reading.affected, grave_us=now_us if worst == "critical" else None,
    )  # fmt: skip
    return _pending(rule, alert, value, now_us) or alert


def _pending(rule: Rule, alert: Alert, value: float, now_us: int) -> Alert | None:
    if _worst(rule, value) is None:
        return None
    alert = _note_gravity(rule, alert, value, now_us)
    if (level := _due(rule, alert, value, now_us)) is None:
        return alert
    return replace(alert, state="firing", severity=level.severity, fired_us=now_us)


def _firing(rule: Rule, alert: Alert, value: float, now_us: int) -> Alert:
    """It gets graver at once when due, and never milder: whoever works on it wants one story."""
    if value <= _clears(rule, alert):
        well_us = now_us if alert.well_us is None else min(alert.well_us, now_us)
        if now_us - well_us >= rule.clear_for_s * _S:
            return replace(alert, state="resolved", resolved_us=now_us, well_us=well_us)
        return replace(alert, well_us=well_us, grave_us=None)
    alert = _note_gravity(rule, replace(alert, well_us=None), value, now_us)
    level = _due(rule, alert, value, now_us)
    if level is not None and GRAVITY[level.severity] > GRAVITY[alert.severity]:
        return replace(alert, severity=level.severity)
    return alert


def _without_data(
    rule: Rule, before: Alert | None, now_us: int, new_id: str, reading: Reading
) -> Alert | None:
    if rule.no_data == "fire":
        bad = replace(reading, value=_mildest(rule).fires + 1.0, sample=rule.min_sample)
        return advance(replace(rule, no_data="keep"), before, bad, now_us, new_id)
    if before is None or rule.no_data == "keep":
        return before
    if before.state == "pending":
        return None
    return _firing(rule, replace(before, value=None), _clears(rule, before), now_us)


def _note_gravity(rule: Rule, alert: Alert, value: float, now_us: int) -> Alert:
    critical = rule.level("critical")
    if critical is None or value <= critical.fires:
        return replace(alert, grave_us=None)
    return alert if alert.grave_us is not None else replace(alert, grave_us=now_us)


def _due(rule: Rule, alert: Alert, value: float, now_us: int) -> Level | None:
    """The gravest level whose time has come."""
    critical, warning = rule.level("critical"), rule.level("warning")
    if critical and alert.grave_us is not None and now_us - alert.grave_us >= critical.for_s * _S:
        return critical
    if warning and value > warning.fires and now_us - alert.since_us >= warning.for_s * _S:
        return warning
    return None


def _worst(rule: Rule, value: float) -> Severity | None:
    bad = [each for each in rule.levels if value > each.fires]
    return max(bad, key=lambda each: GRAVITY[each.severity]).severity if bad else None


def _mildest(rule: Rule) -> Level:
    return min(rule.levels, key=lambda each: GRAVITY[each.severity])


def _clears(rule: Rule, alert: Alert) -> float:
    """At or below this all is well; an alert that rose from a warning clears where the warning does."""
    milder = [each for each in rule.levels if GRAVITY[each.severity] <= GRAVITY[alert.severity]]
    return min(each.clears for each in milder or rule.levels)  # a rule may have been changed meanwhile
