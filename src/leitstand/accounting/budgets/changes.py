"""What people do about a limit: extend it, give grace. Each act is an object of the configuration, and journalled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_UP, Decimal

from leitstand.accounting.budgets.board import find_rule
from leitstand.accounting.budgets.rules import limit_rules
from leitstand.accounting.limits import MEASURES, LimitRule, Measure
from leitstand.accounting.periods import Calendar
from leitstand.configuration.apply import Editor
from leitstand.configuration.current import Configuration
from leitstand.configuration.kinds import plain
from leitstand.configuration.models import Extension
from leitstand.core.errors import InvalidRequest, NotFound


@dataclass(frozen=True)
class ExtensionWish:
    """More for a limit until its period ends: an amount in EUR or tokens, or a percentage of the limit itself."""

    scope: str
    measure: str
    reason: str
    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True)
class GraceWish:
    """Grace for a user, key or use case; takes the place of what it had before."""

    scope: str
    until: date
    reason: str
    eur: Decimal = Decimal(0)
    tokens: int = 0


@dataclass(frozen=True)
class LimitWish:
    """A limit as it shall be. amount: EUR, tokens or requests; None: no such limit any more."""

    scope: str
    measure: str
    amount: Decimal | None
    at_limit: str = "refuse"


def set_limit(editor: Editor, configuration: Configuration, wish: LimitWish, actor: str) -> None:
    """Make, change or remove a limit, where it stands: in the section `limits`, or as a use case's budget.

    Raises ConfigurationRefused for a wrong wish, and for the removal of one that does not exist.
    """
    kind, _, name = wish.scope.partition(":")
    use_case = configuration.use_cases.get(name) if kind == "use_case" else None
    if use_case is not None and getattr(use_case.budget, wish.measure, None) is not None:
        body = plain(use_case)
        budget = {key: value for key, value in body["budget"].items() if key != wish.measure}
        if wish.amount is not None:
            budget |= {wish.measure: str(wish.amount), "at_limit": wish.at_limit}
        editor.set_object("use_case", body | {"budget": budget}, actor)
    elif wish.amount is None:
        editor.remove_object("limit", f"{wish.scope} {wish.measure}", actor)
    else:
        body = {"scope": wish.scope, wish.measure: str(wish.amount), "at_limit": wish.at_limit}
        editor.set_object("limit", body, actor)


def extend(
    editor: Editor, configuration: Configuration, wish: ExtensionWish, actor: str, now_s: float
) -> Extension:
    """Extend a limit in its running period; a second extension adds to the first. Returns what holds now.

    Raises NotFound where there is no such limit, InvalidRequest for a wrong wish.
    """
    rule = _rule(configuration, wish)
    label = Calendar(configuration.organisation.timezone).period(rule.span, now_s).label
    before = configuration.extensions.get(f"{wish.scope} {rule.measure} {label}")
    amount = _amount(rule, wish) + (before.amount if before else 0)
    body = {
        "scope": wish.scope, "measure": rule.measure, "period": label, "amount": str(amount), "reason": wish.reason,
    }  # fmt: skip
    editor.set_object("extension", body, actor)
    return Extension.model_validate(body)


def give_grace(editor: Editor, wish: GraceWish, actor: str, today: date) -> None:
    """Give grace from now on. Raises InvalidRequest for a day that is over and other wrong wishes."""
    if wish.until < today:
        raise InvalidRequest(
            f"Der {wish.until:%d.%m.%Y} ist vorbei. Nennen Sie einen Tag ab heute.",
            f"{wish.until} is over. Give a day from today on.",
            detail={"param": "until"},
        )
    body = {
        "scope": wish.scope, "until": wish.until.isoformat(), "eur": str(wish.eur), "tokens": wish.tokens,
        "reason": wish.reason,
    }  # fmt: skip
    editor.set_object("grace", body, actor)


def ended(configuration: Configuration, today: str) -> Iterable[tuple[str, str]]:
    """(kind, name) of what has no effect any more, because its time is over. today: ISO day."""
    for name, extension in configuration.extensions.items():
        if extension.period < today[: len(extension.period)]:
            yield "extension", name
    for name, grace in configuration.graces.items():
        if grace.until.isoformat() < today:
            yield "grace", name


def _rule(configuration: Configuration, wish: ExtensionWish) -> LimitRule:
    measure: Measure | None = next((each for each in MEASURES if each == wish.measure), None)
    rule = find_rule(limit_rules(configuration), wish.scope, measure) if measure else None
    if rule is None or rule.is_pace:
        raise NotFound(
            f"Für {wish.scope} gibt es keine Grenze {wish.measure}, die sich erweitern lässt.",
            f"There is no limit {wish.measure} of {wish.scope} that can be extended.",
        )
    return rule


def _amount(rule: LimitRule, wish: ExtensionWish) -> Decimal:
    if (wish.amount is None) is (wish.percent is None):
        raise InvalidRequest(
            "Nennen Sie entweder einen Betrag oder Prozent.", "Give either an amount or a percentage.",
            detail={"param": "amount"},
        )  # fmt: skip
    more = wish.amount if wish.amount is not None else rule.amount * (wish.percent or 0) / 100
    if more <= 0:
        raise InvalidRequest(
            "Die Erweiterung muss größer als 0 sein.", "The extension must be more than 0.",
            detail={"param": "amount"},
        )  # fmt: skip
    return more.quantize(Decimal("0.01") if rule.in_money else Decimal(1), ROUND_UP)
