"""What refusals of the ledger say, in German and English."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from leitstand.accounting.counters import Reading
from leitstand.accounting.limits import Limit
from leitstand.core.errors import BudgetExhausted, RateLimited
from leitstand.core.money import euro

HELD_RETRY_S = 5.0

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_SCOPE_DE = {
    "company": "des Unternehmens",
    "department": "der Abteilung „{}“",
    "use_case": "des Anwendungsfalls „{}“",
    "user": "von „{}“",
    "key": "des Schlüssels „{}“",
    "model": "des Modells „{}“",
}
_SCOPE_EN = {
    "company": "of the company",
    "department": "of the department '{}'",
    "use_case": "of the use case '{}'",
    "user": "of '{}'",
    "key": "of the key '{}'",
    "model": "of the model '{}'",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask for more, as the end of the sentence `Bitte wenden Sie sich an …`."""

    de: str = "Ihre Administration"
    en: str = "your administrators"


def exhausted(
    limit: Limit, reading: Reading, now_s: float, zone: ZoneInfo, contact: Contact
) -> BudgetExhausted:
    """The spent amount alone leaves too little; it helps to wait for the next period."""
    ends = datetime.fromtimestamp(limit.period.ends_s, zone)
    tail_de, tail_en = ("", "")
    if reading.spent < limit.units:
        tail_de, tail_en = (
            "; der Rest reicht für diese Anfrage nicht",
            "; the rest is not enough for this request",
        )
    way_de, way_en = _way_out(limit, reading)
    month = limit.rule.span == "month"
    return BudgetExhausted(
        f"Das {'Monats' if month else 'Tages'}budget {_scope(limit, _SCOPE_DE)} ist aufgebraucht: "
        f"{_used_de(limit, reading.spent)} verbraucht{tail_de}. Es gilt neu ab {ends:%d.%m.%Y, %H:%M} Uhr. "
        f"{way_de}Um eine Erweiterung bitten Sie {contact.de}.",
        f"The {'monthly' if month else 'daily'} budget {_scope(limit, _SCOPE_EN)} is used up: "
        f"{_used_en(limit, reading.spent)} used{tail_en}. It resets on {ends.day} {_MONTHS[ends.month - 1]} "
        f"{ends:%Y at %H:%M}. {way_en}Please ask {contact.en} for an extension.",
        retry_after_s=max(limit.period.ends_s - now_s, 1.0),
        detail=_detail(limit, reading) | {"resets_at": ends.isoformat()},
    )


def _way_out(limit: Limit, reading: Reading) -> tuple[str, str]:
    """What people can do by themselves, as whole sentences; empty where nothing would help."""
    if limit.scope.startswith("model:"):
        return "Andere Modelle stehen Ihnen weiter offen. ", "Other models are still open to you. "
    if reading.spent >= limit.units:
        return "", ""
    if limit.in_money:
        return (
            "Eine kürzere Anfrage oder ein günstigeres Modell kann noch gelingen. ",
            "A shorter request or a cheaper model may still succeed. ",
        )
    return "Eine kürzere Anfrage kann noch gelingen. ", "A shorter request may still succeed. "


def reserved(limit: Limit, reading: Reading, contact: Contact) -> BudgetExhausted:
    """Money is left, but running calls hold it; it helps to wait for them."""
    return BudgetExhausted(
        f"Der Rest des Budgets {_scope(limit, _SCOPE_DE)} ist für laufende Anfragen reserviert "
        f"({_used_de(limit, reading.spent)} verbraucht). Bitte versuchen Sie es in einigen Sekunden erneut oder "
        f"wenden Sie sich an {contact.de}.",
        f"The rest of the budget {_scope(limit, _SCOPE_EN)} is reserved for running requests "
        f"({_used_en(limit, reading.spent)} used). Please try again in some seconds or ask {contact.en}.",
        retry_after_s=HELD_RETRY_S,
        detail=_detail(limit, reading),
    )


def too_fast(limit: Limit, wait_s: float, contact: Contact) -> RateLimited:
    """The sliding minute is full."""
    seconds = max(round(wait_s + 0.5), 1)
    return RateLimited(
        f"Zu viele Anfragen: Das Limit {_scope(limit, _SCOPE_DE)} liegt bei {_number_de(limit.units)} je Minute. "
        f"Bitte versuchen Sie es in {seconds} s erneut oder wenden Sie sich an {contact.de}.",
        f"Too many requests: the limit {_scope(limit, _SCOPE_EN)} is {limit.units:,} a minute. "
        f"Please try again in {seconds} s or ask {contact.en}.",
        retry_after_s=wait_s,
        detail={"limit": limit.scope, "measure": limit.rule.measure, "amount": limit.units},
    )


def _detail(limit: Limit, reading: Reading) -> dict[str, object]:
    return {
        "limit": limit.scope,
        "measure": limit.rule.measure,
        "amount": _plain(limit, limit.units),
        "used": _plain(limit, reading.spent),
        "held": _plain(limit, reading.held),
    }


def _plain(limit: Limit, units: int) -> float | int:
    return float(euro(units)) if limit.rule.in_money else units


def _scope(limit: Limit, words: dict[str, str]) -> str:
    kind, _, name = limit.scope.partition(":")
    return words[kind].format(name)


def _used_de(limit: Limit, spent: int) -> str:
    if limit.rule.in_money:
        return f"{_money_de(euro(spent))} von {_money_de(euro(limit.units))}"
    return f"{_number_de(spent)} von {_number_de(limit.units)} Tokens"


def _used_en(limit: Limit, spent: int) -> str:
    if limit.rule.in_money:
        return f"EUR {_money(euro(spent))} of EUR {_money(euro(limit.units))}"
    return f"{spent:,} of {limit.units:,} tokens"


def _money(amount: Decimal) -> str:
    """Two decimals; below ten cents as many as it takes to show what is there."""
    return f"{amount:,.2f}" if amount == 0 or amount >= Decimal("0.1") else f"{amount:.6f}"


def _money_de(amount: Decimal) -> str:
    return f"{_swap(_money(amount))} €"


def _number_de(number: int) -> str:
    return _swap(f"{number:,}")


def _swap(number: str) -> str:
    return number.translate(str.maketrans(",.", ".,"))
