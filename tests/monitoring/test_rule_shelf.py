"""Every shipped rule fires on the series that it must fire on, and on no other."""

import importlib
import pkgutil
from collections.abc import Iterable

import pytest

from leitstand.core.i18n import Bilingual
from leitstand.monitoring import rules
from leitstand.monitoring.evaluate import back_test
from leitstand.monitoring.facts import Timeline
from leitstand.monitoring.shelves import load_rules, load_signals
from leitstand.monitoring.signals import Signal
from leitstand.monitoring.values import Alert, Reading, Rule, labels

_MINUTE_US = 60_000_000
_SUBJECT = labels(provider="openai-eu")
_RULES = load_rules()


def play(rule: Rule, series: Iterable[float | None]) -> tuple[Alert, ...]:
    """The alerts of a rule whose signal has these values, one per minute."""
    values = list(series)

    def read(facts: object, _window_s: float) -> list[Reading]:
        assert isinstance(facts, Timeline)
        return [Reading(_SUBJECT, values[facts.now_us // _MINUTE_US], rule.min_sample)]

    signal = Signal(rule.signal, Bilingual("", ""), "count", read)  # type: ignore[arg-type]
    return tuple(back_test(rule, signal, Timeline([]), 0, (len(values) - 1) * _MINUTE_US))


@pytest.mark.parametrize("name", sorted(_RULES))
def test_rule_fires_when_it_must_and_only_then(name: str) -> None:
    module = importlib.import_module(f"leitstand.monitoring.rules.{name}")
    assert play(module.RULE, module.MUST_FIRE), "it must fire here"
    assert not play(module.RULE, module.MUST_NOT_FIRE), "it must not fire here"


def test_every_rule_names_a_signal_a_runbook_and_its_file() -> None:
    signals = load_signals()
    for name, rule in _RULES.items():
        assert rule.signal in signals
        assert rule.runbook
        assert set(rule.inhibited_by) <= set(_RULES)
        assert all(level.clears <= level.fires for level in rule.levels)
        assert importlib.import_module(f"leitstand.monitoring.rules.{name}").RULE is rule


def test_the_shipped_rules_have_the_promised_names_and_gravity() -> None:
    """PRODUCT 9.2."""
    critical = {"provider_unreachable", "error_rate_critical", "token_use_unusual", "violation"}
    warning = {"response_time", "error_rate", "fallback_active", "usage_pattern_unusual"}
    assert all([level.severity for level in _RULES[name].levels] == ["critical"] for name in critical)
    assert all([level.severity for level in _RULES[name].levels] == ["warning"] for name in warning)
    assert {entry.name for entry in pkgutil.iter_modules(rules.__path__)} == set(_RULES)
