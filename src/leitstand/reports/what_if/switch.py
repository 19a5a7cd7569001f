"""What a switch would take: the part of the configuration that would change, as `leitstand config apply` takes it."""

from typing import Any

import yaml

from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import plain
from leitstand.configuration.models import Model
from leitstand.reports.what_if.scenario import Scenario

_HEAD = """\
# What the scenario would change. See the difference with `leitstand config diff FILE`,
# make it so with `leitstand config apply FILE`. Nothing has been changed yet.
"""


def switch(scenario: Scenario, configuration: Configuration) -> str:
    """YAML with comments for what no configuration can say; empty where nothing is different."""
    if scenario.is_plain:
        return ""
    root: dict[str, Any] = {}
    if models := _models(scenario, configuration):
        root["models"] = models
    if cases := _use_cases(scenario, configuration):
        root["use_cases"] = cases
    if scenario.prices:
        root["prices"] = [plain(price) for price in scenario.prices]
    text = yaml.safe_dump(root, allow_unicode=True, sort_keys=False, width=110) if root else ""
    return _HEAD + "".join(f"# {line}\n" for line in _remarks(scenario, configuration)) + text


def _models(scenario: Scenario, configuration: Configuration) -> list[dict[str, Any]]:
    """The replaced models keep their names, so that no client changes: they take over what stands behind the new one."""
    changed: dict[str, dict[str, Any]] = {}
    if not scenario.use_cases and not scenario.departments:
        for old, new in scenario.replace.items():
            if old in configuration.models:
                changed[old] = _taken_over(configuration.models[old], configuration.models[new])
    for name, is_on in scenario.cache.items():
        if "tiers" not in (body := changed.get(name) or plain(configuration.models[name])):
            changed[name] = {**body, "cache": is_on}
    return list(changed.values())


def _taken_over(old: Model, new: Model) -> dict[str, Any]:
    before, after = plain(old), plain(new)
    if new.tiers is not None:
        named = {key: value for key, value in before.items() if key in ("name", "description")}
        return {**named, "tiers": after["tiers"]}
    kept = {key: value for key, value in before.items() if key not in ("targets", "tiers", "strategy")}
    if len(new.targets) < 2:
        kept.pop("hedge_after", None)
    taken = {key: value for key, value in after.items() if key in ("strategy", "targets", "cache")}
    return {**kept, **taken}


def _use_cases(scenario: Scenario, configuration: Configuration) -> list[dict[str, Any]]:
    """Of a scenario for some use cases alone: what they may ask for. Their clients must name the new model."""
    found: list[dict[str, Any]] = []
    for name in sorted({*scenario.use_cases, *scenario.semantic_cache}):
        stored = configuration.use_cases.get(name)
        if stored is None:
            continue
        before = plain(stored)
        body = dict(before)
        if name in scenario.use_cases and stored.models:
            body["models"] = list(dict.fromkeys(scenario.replace.get(each, each) for each in stored.models))
        if name in scenario.semantic_cache:
            body["semantic_cache"] = scenario.semantic_cache[name]
        if body != before:
            found.append(body)
    return found


def _remarks(scenario: Scenario, configuration: Configuration) -> list[str]:
    """What people must do besides."""
    said = []
    if scenario.replace and (scenario.use_cases or scenario.departments):
        ways = ", ".join(f"{new} instead of {old}" for old, new in scenario.replace.items())
        said.append(f"The scenario holds for a part of the traffic: there, clients must ask for {ways}.")
    for old in scenario.replace:
        if old not in configuration.models:
            said.append(f"The model {old} is not configured any more; clients that ask for it are refused.")
    for name, tokens in scenario.max_output_tokens.items():
        whom = "every model" if name == "*" else name
        said.append(f"Clients set max_tokens to {tokens} for {whom}; the configuration has no such cap.")
    if scenario.price_factors or scenario.exchange_rates or scenario.prices_on:
        said.append("Price lists and exchange rates are made by others: nothing to set for them.")
    return said
