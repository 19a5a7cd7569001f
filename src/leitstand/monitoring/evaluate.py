"""Rules on facts: every reading meets the alert that is open for its subject."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import NamedTuple

from leitstand.monitoring.facts import Facts, Timeline
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.states import advance
from leitstand.monitoring.values import Alert, Labels, Reading, Rule

ROUND_S = 60.0  # of a back-test; at work rounds are shorter


class Change(NamedTuple):
    """What a round did to one alert. after: None: a pending one that came to nothing."""

    before: Alert | None
    after: Alert | None

    @property
    def fired(self) -> Alert | None:
        """The alert, where people must hear of it since this round, or of a graver one."""
        if self.after is None or self.after.state != "firing":
            return None
        was = self.before
        same = was is not None and was.state == "firing" and was.severity == self.after.severity
        return None if same else self.after

    @property
    def resolved(self) -> Alert | None:
        """The alert that has ended in this round."""
        return self.after if self.after is not None and self.after.state == "resolved" else None


def evaluate(
    rules: Iterable[Rule],
    signals: Mapping[str, Signal],
    facts: Facts,
    open_alerts: Iterable[Alert],
    new_id: Callable[[], str],
) -> list[Change]:
    """One round over all rules. open_alerts: pending and firing ones; those of rules that are gone are resolved."""
    left = {alert.key: alert for alert in open_alerts}
    changes = []
    for rule in rules:
        if not rule.enabled or not rule.levels or rule.signal not in signals:
            continue
        for reading in _readings(rule, signals[rule.signal], facts, left):
            before = left.pop((rule.name, reading.labels), None)
            after = advance(rule, before, reading, facts.now_us, new_id())
            if after != before:
                changes.append(Change(before, after))
    return changes + [Change(alert, _ended(alert, facts.now_us)) for alert in left.values()]


def _readings(
    rule: Rule, signal: Signal, facts: Facts, open_alerts: Mapping[tuple[str, Labels], Alert]
) -> list[Reading]:
    """What the signal says, and silence about subjects that have an alert."""
    said = signal.read(facts, rule.window_s)
    if not open_alerts:
        return said
    known = {reading.labels for reading in said}
    return said + [
        Reading(alert.labels, None)
        for name, alert in ((key[0], alert) for key, alert in open_alerts.items())
        if name == rule.name and alert.labels not in known
    ]


def _ended(alert: Alert, now_us: int) -> Alert | None:
    return replace(alert, state="resolved", resolved_us=now_us) if alert.state == "firing" else None


class TooLong(Exception):
    """A back-test was given up."""


def back_test(
    rule: Rule, signal: Signal, timeline: Timeline, since_us: int, until_us: int,
    go_on: Callable[[], bool] = lambda: True,
) -> Sequence[Alert]:  # fmt: skip
    """The alerts that the rule would have fired from one moment to another, looked at once a minute.

    Minutes in which nothing is open and nothing new can be read are stepped over. Raises TooLong when `go_on` says no.
    """
    open_alerts: dict[Labels, Alert] = {}
    fired: dict[str, Alert] = {}
    numbers = count(1)
    now_us, step_us = since_us, int(ROUND_S * 1_000_000)
    while now_us <= until_us:
        if not go_on():
            raise TooLong
        timeline.at(now_us)
        calm = not open_alerts and _is_calm(rule, signal.read(timeline, rule.window_s))
        changes = [] if calm else evaluate(
            (rule,), {signal.name: signal}, timeline, open_alerts.values(), lambda: str(next(numbers))
        )  # fmt: skip
        for before, after in changes:
            whose = (after or before).labels  # type: ignore[union-attr]  # one of the two is there
            if after is None or after.state == "resolved":
                open_alerts.pop(whose, None)
            else:
                open_alerts[whose] = after
            if after is not None and after.state != "pending":
                fired[after.id] = after
        if open_alerts:
            now_us += step_us
        elif (next_us := timeline.next_us()) is None:
            break
        else:
            now_us += step_us * max(1, -((now_us - next_us) // step_us))
    return tuple(fired.values())


def _is_calm(rule: Rule, said: Iterable[Reading]) -> bool:
    """Whether no reading can begin an alert: most minutes of a month, told apart quickly."""
    bound = min((level.fires for level in rule.levels), default=math.inf)
    return rule.no_data != "fire" and all(each.value is None or each.value <= bound for each in said)
