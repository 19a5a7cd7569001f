"""What people do with rules: see them, try a change on the past, keep it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from leitstand.configuration.alerts import AlertRule
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.finding import Place
from leitstand.configuration.kinds import plain
from leitstand.configuration.messages import remarks
from leitstand.configuration.refusal import ConfigurationRefused
from leitstand.core.clock import Clock
from leitstand.core.errors import InvalidRequest, NotFound, Overloaded
from leitstand.monitoring.evaluate import TooLong, back_test
from leitstand.monitoring.facts import Timeline
from leitstand.monitoring.minutes_repository import Minutes
from leitstand.monitoring.repository import AlertRows
from leitstand.monitoring.ruleset import own, rules_in_force
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Alert, Reading, Rule

BACK_TEST_DAYS = 30
ONE_RULE_S = 20.0  # real time for a back-test that somebody waits for
ALL_RULES_S = 6.0  # and of all rules together, when the page is opened
_REMEMBER_S = 600.0  # real time
_NOW_S = 7200.0
_S = 1_000_000


@dataclass(frozen=True)
class Tested:
    """What a rule would have done. since_us: 30 days ago, or when the house began to count."""

    alerts: tuple[Alert, ...]
    since_us: int
    until_us: int


@dataclass(frozen=True)
class RuleSight:
    """A rule as people see it. shipped: as it was delivered; None: one of the company's own.

    tested: None while it is not known. open: its firing alerts.
    """

    rule: Rule
    shipped: Rule | None
    signal: Signal | None
    open: tuple[Alert, ...]
    tested: Tested | None

    @property
    def is_changed(self) -> bool:
        """Whether the company set anything about it."""
        return self.shipped != self.rule


@dataclass(frozen=True)
class SignalSight:
    """What rules can be made of. worst: the gravest reading now; None: nothing is measured."""

    signal: Signal
    worst: Reading | None


@dataclass(frozen=True)
class Comparison:
    """A change before it is kept. before: None for a new rule."""

    rule: Rule
    before: Tested | None
    after: Tested


class RuleDesk:
    """Blocking: call it in a thread. configuration: the one in force; refresh: takes over a change now."""

    def __init__(
        self, shipped: Mapping[str, Rule], signals: Mapping[str, Signal], minutes: Minutes, rows: AlertRows,
        editor: Editor, clock: Clock, configuration: Callable[[], Configuration], refresh: Callable[[], None],
    ) -> None:  # fmt: skip
        self._shipped = shipped
        self._signals = signals
        self._minutes = minutes
        self._rows = rows
        self._editor = editor
        self._clock = clock
        self._configuration = configuration
        self._refresh = refresh
        self._one_at_a_time = threading.Lock()
        self._remembered: dict[Rule, tuple[float, Tested]] = {}

    def rules(self, wait_s: float = ALL_RULES_S) -> list[RuleSight]:
        """All, shipped ones first; with what each would have done, as far as that can be said in so many seconds."""
        firing = [each for each in self._rows.open() if each.state == "firing"]
        rules = rules_in_force(self._shipped, self._configuration().alert_rules)
        tested = self._tested(rules, time.monotonic() + wait_s)
        return [
            RuleSight(
                rule, self._shipped.get(rule.name), self._signals.get(rule.signal),
                tuple(each for each in firing if each.rule == rule.name), tested.get(rule.name),
            )
            for rule in rules
        ]  # fmt: skip

    def get(self, name: str) -> RuleSight:
        """One of them; raises NotFound."""
        rule = self._find(name)
        firing = tuple(each for each in self._rows.open() if each.state == "firing" and each.rule == name)
        tested = self._tested([rule], time.monotonic() + ALL_RULES_S).get(name)
        return RuleSight(rule, self._shipped.get(name), self._signals.get(rule.signal), firing, tested)

    def signals(self) -> list[SignalSight]:
        """All by name, as they are now over ten minutes."""
        now_us = self._clock.time_us()
        facts = self._minutes.timeline(now_us - int(_NOW_S * _S), now_us).at(now_us)
        found = []
        for signal in sorted(self._signals.values(), key=lambda each: each.name):
            said = [each for each in signal.read(facts, 600.0) if each.value is not None]
            found.append(SignalSight(signal, max(said, key=lambda each: each.value or 0.0, default=None)))
        return found

    def back_test(self, name: str) -> Tested:
        """What the rule, as it is now, would have done; raises NotFound, and Overloaded where that takes too long."""
        return self._test_now(self._find(name))

    def compare(self, body: Mapping[str, Any]) -> Comparison:
        """A change against what holds now; raises InvalidRequest for what is no rule."""
        setting, rule = self._proposed(body)
        known = {each.name: each for each in rules_in_force(self._shipped, self._configuration().alert_rules)}
        before = known.get(setting.name)
        return Comparison(rule, self._test_now(before) if before else None, self._test_now(rule))

    def setting(self, name: str) -> dict[str, Any]:
        """What is configured about a rule; empty where nothing is."""
        found = self._configuration().alert_rules.get(name)
        return plain(found) if found else {}

    def keep(self, body: Mapping[str, Any], actor: str) -> Rule:
        """Make it hold, in all processes within two seconds; raises InvalidRequest."""
        _, rule = self._proposed(body)
        self._editor.set_object("alert_rule", dict(body), actor)
        self._refresh()
        return rule

    def reset(self, name: str, actor: str) -> None:
        """A shipped rule as it was delivered; one of the company's own is gone. Raises a Refusal where nothing was set."""
        self._editor.remove_object("alert_rule", name, actor)
        self._refresh()

    def _find(self, name: str) -> Rule:
        for rule in rules_in_force(self._shipped, self._configuration().alert_rules):
            if rule.name == name:
                return rule
        raise NotFound(
            f"Eine Regel „{name}“ gibt es nicht. „leitstand alert rules“ zeigt alle.",
            f"There is no rule '{name}'. 'leitstand alert rules' shows all.",
        )

    def _proposed(self, body: Mapping[str, Any]) -> tuple[AlertRule, Rule]:
        try:
            setting = AlertRule.model_validate(body)
        except ValidationError as cause:
            raise ConfigurationRefused(
                tuple(each.at(Place()) for each in remarks(cause, AlertRule, ()))
            ) from cause
        if shipped := self._shipped.get(setting.name):
            (rule,) = rules_in_force({shipped.name: shipped}, {setting.name: setting})
            return setting, rule
        if setting.signal not in self._signals:
            known = ", ".join(sorted(self._signals))
            raise InvalidRequest(
                f"Ein Signal „{setting.signal}“ gibt es nicht. Es gibt: {known}.",
                f"There is no signal '{setting.signal}'. There are: {known}.",
                detail={"param": "signal"},
            )
        rule = own(setting)
        if not rule.levels:
            raise InvalidRequest(
                "Setzen Sie eine Grenze: für eine Warnung, für eine kritische Meldung oder für beide.",
                "Set a limit: for a warning, for a critical alert or for both.",
                detail={"param": "warning"},
            )
        return setting, rule

    # ------------------------------------------------------------ the past

    def _test_now(self, rule: Rule) -> Tested:
        tested = self._tested([rule], time.monotonic() + ONE_RULE_S).get(rule.name)
        if tested is None:
            raise Overloaded(
                "Die Rückrechnung dauert zu lange, weil die Maschine ausgelastet ist. Versuchen Sie es später noch einmal.",
                "The back-test takes too long because the machine is busy. Try again later.",
                retry_after_s=60,
            )
        return tested

    def _tested(self, rules: list[Rule], until_s: float) -> dict[str, Tested]:
        """As many as can be done until then; what was found is remembered for ten minutes. One caller at a time."""
        if not self._one_at_a_time.acquire(timeout=max(0.0, until_s - time.monotonic())):
            return {}
        try:
            now_s = time.monotonic()
            self._remembered = {
                rule: known for rule, known in self._remembered.items() if now_s - known[0] < _REMEMBER_S
            }
            self._test([rule for rule in rules if rule not in self._remembered], until_s)
            return {rule.name: self._remembered[rule][1] for rule in rules if rule in self._remembered}
        finally:
            self._one_at_a_time.release()

    def _test(self, rules: list[Rule], until_s: float) -> None:
        if not rules or time.monotonic() >= until_s:
            return
        now_us = self._clock.time_us()
        since_us = max(now_us - BACK_TEST_DAYS * 86_400 * _S, self._minutes.begins_us() or now_us)
        longest_s = max(rule.window_s for rule in rules)
        timeline: Timeline | None = None
        try:
            for rule in rules:
                signal = self._signals.get(rule.signal)
                alerts: tuple[Alert, ...] = ()
                if signal is not None and rule.levels:
                    timeline = timeline or self._minutes.history(since_us - int(longest_s * _S), now_us)
                    go_on = lambda: time.monotonic() < until_s  # noqa: E731
                    alerts = tuple(back_test(rule, signal, timeline.rewound(), since_us, now_us, go_on))
                self._remembered[rule] = (time.monotonic(), Tested(alerts, since_us, now_us))
        except TooLong:
            return
