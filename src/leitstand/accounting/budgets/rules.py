"""From the configuration to the rules of limits and the leeway that people gave."""

from decimal import Decimal

from leitstand.accounting.leeway import Extension, Grace, Leeway
from leitstand.accounting.limits import MEASURES, LimitRule
from leitstand.configuration.current import Configuration


def limit_rules(configuration: Configuration) -> list[LimitRule]:
    """All limits: those of the section `limits` and the budgets of use cases."""
    rules = [
        LimitRule(limit.scope, measure, Decimal(getattr(limit, measure)), limit.at_limit)
        for limit in configuration.limits.values()
        for measure in MEASURES
        if getattr(limit, measure) is not None
    ]
    for use_case in configuration.use_cases.values():
        for measure in MEASURES:
            amount = getattr(use_case.budget, measure, None)
            if amount is not None:
                scope = f"use_case:{use_case.name}"
                rules.append(LimitRule(scope, measure, Decimal(amount), use_case.budget.at_limit))
    return rules


def leeway(configuration: Configuration) -> Leeway:
    """What people added to limits for a while."""
    return Leeway(
        tuple(
            Extension(each.scope, each.measure, each.period, each.amount)
            for each in configuration.extensions.values()
        ),
        tuple(
            Grace(each.scope, each.until.isoformat(), each.eur, each.tokens)
            for each in configuration.graces.values()
        ),
    )
