"""The rules in force: the shipped ones as the configuration changes them, and the company's own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from leitstand.configuration.alerts import AlertRule, Threshold
from leitstand.core.i18n import Bilingual
from leitstand.monitoring.values import Level, Rule, Severity

_OWN_WINDOW_S, _OWN_SAMPLE = 600.0, 10


def rules_in_force(shipped: Mapping[str, Rule], settings: Mapping[str, AlertRule]) -> list[Rule]:
    """All rules, those that are switched off, too. Own rules that name no known signal are left out by evaluate."""
    changed = [_changed(rule, settings.get(rule.name)) for rule in shipped.values()]
    return changed + [own(each) for name, each in settings.items() if name not in shipped]


def own(setting: AlertRule) -> Rule:
    """A rule of the company's own."""
    title = setting.title or setting.name
    rule = Rule(
        setting.name, Bilingual(title, title), Bilingual("", ""), setting.signal, (), _OWN_WINDOW_S,
        min_sample=_OWN_SAMPLE, runbook=setting.runbook, shipped=False,
    )  # fmt: skip
    return _changed(rule, setting)


def _changed(rule: Rule, setting: AlertRule | None) -> Rule:
    if setting is None:
        return rule
    return replace(
        rule,
        enabled=setting.enabled,
        levels=tuple(_levels(rule, setting)),
        window_s=rule.window_s if setting.window_minutes is None else setting.window_minutes * 60,
        min_sample=rule.min_sample if setting.min_sample is None else setting.min_sample,
        no_data=setting.no_data or rule.no_data,
    )


def _levels(rule: Rule, setting: AlertRule) -> Iterable[Level]:
    given: dict[Severity, Threshold | None] = {"warning": setting.warning, "critical": setting.critical}
    for severity, threshold in given.items():
        if threshold is not None:
            clears = threshold.above if threshold.clears is None else threshold.clears
            yield Level(severity, threshold.above, clears, threshold.for_minutes * 60)
        elif (shipped := rule.level(severity)) is not None:
            yield shipped
