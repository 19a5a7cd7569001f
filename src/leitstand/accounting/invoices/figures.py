"""Comparisons of invoices for programs."""

from typing import Any

import msgspec

from leitstand.accounting.invoices.repository import Check
from leitstand.core.clock import from_us
from leitstand.core.money import plain


def check_figures(check: Check, *, whole: bool = True) -> dict[str, Any]:
    """A comparison. whole: with every model and day."""
    found = check.comparison
    facts: dict[str, Any] = {
        "id": check.id, "provider": check.provider, "month": check.month, "source": check.source,
        "sha256": check.sha256, "checked": from_us(check.checked_us).isoformat(timespec="seconds"),
        "checked_by": check.checked_by, "layout": found.layout, "currency": found.currency, "days_by": found.cut,
        "rates": found.rates, "verdict": found.verdict, "billed_eur": _euro(found.billed_nano),
        "booked_eur": plain(found.booked_nano), "lost_tokens": found.lost_tokens, "ignored_lines": found.ignored,
    }  # fmt: skip
    if whole:
        facts["models"] = [
            {
                "model": each.model, "billed_tokens": each.billed_tokens, "booked_tokens": each.booked_tokens,
                "billed_eur": _euro(each.billed_nano), "booked_eur": plain(each.booked_nano),
                "by_quantity_eur": _euro(each.quantity_nano), "by_price_eur": _euro(each.price_nano),
                "agrees": each.agrees, "reasons": list(each.reasons),
            }
            for each in found.models
        ]  # fmt: skip
        facts["days"] = msgspec.to_builtins(found.days)
    return facts


def _euro(nano: int | None) -> str | None:
    return None if nano is None else plain(nano)
